import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { type ImageList, readImageList } from '../../../src/data/list/read-image-list.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

let folder: string;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
});

async function written(name: string, text: string | Buffer): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, text);
  return file;
}

const read = async (text: string | Buffer, name = 'list.csv') => readImageList(await written(name, text));

/** Paths below the folder, with the names of their classes. */
function rowsOf({ images, classNames }: ImageList): unknown[] {
  return images.map(({ path: image, labels, subset }) => [
    path.relative(folder, image),
    labels.map((label) => classNames[label]),
    subset,
  ]);
}

async function messageOf(text: string | Buffer, name?: string): Promise<string> {
  const error = await read(text, name).catch((reason: unknown) => reason);
  return String(error).replaceAll(folder, 'FOLDER');
}

describe('readImageList', () => {
  it('reads CSV with one label each, classes sorted, paths relative to the list', async () => {
    const list = await read('path,label\na/1.png,dog\n/abs/2.png,cat\n./b/../3.png,dog\n');
    expect([list.classNames, list.isMultiLabel]).toEqual([['cat', 'dog'], false]);
    expect(list.images.map(({ path: image }) => image)).toEqual([path.join(folder, 'a/1.png'), '/abs/2.png', path.join(folder, '3.png')]); // prettier-ignore
    expect(list.images.map(({ labels, line }) => [labels, line])).toEqual([[[1], 2], [[0], 3], [[1], 4]]); // prettier-ignore
  });

  it.each([
    ['quotes, a BOM and Windows line ends', '\ufeffpath,label\r\n"a, ""b"".png",cat\r\n\r\n2.png,"dog"\r\n'],
    ['semicolons, spaces and capitals', 'Path ; Label\n"a, ""b"".png" ; cat\n2.png;dog'],
    ['tabs, and columns in another order', 'label\tpath\ncat\t"a, ""b"".png"\ndog\t2.png\n'],
    ['further columns', 'path,label,width\n"a, ""b"".png",cat,3\n2.png,dog,4\n'],
  ])('reads CSV with %s', async (_, text) => {
    expect(rowsOf(await read(text))).toEqual([['a, "b".png', ['cat'], null], ['2.png', ['dog'], null]]); // prettier-ignore
  });

  it('says which columns it does not use', async () => {
    expect((await read('path,label,width\n1.png,a,3\n')).notes).toEqual(['1 column is not used: "width".']);
  });

  it('reads splits under their usual names', async () => {
    const list = await read('path,label,split\n1.png,a,train\n2.png,b,val\n3.png,a,validation\n4.png,b,test\n');
    expect(list.images.map(({ subset }) => subset)).toEqual(['training', 'validation', 'validation', 'test']);
  });

  it.each([
    ['labels separated by semicolons', 'path,label\n1.png,cat;dog\n2.png,dog\n3.png,\n'],
    ['labels separated by bars', 'path,labels\n1.png,dog | cat |\n2.png,dog\n3.png,""\n'],
    ['a column for each class', 'path,cat,dog\n1.png,1,1\n2.png,0,true\n3.png,,0\n'],
  ])('reads several labels from %s', async (_, text) => {
    const list = await read(text);
    expect([list.classNames, list.isMultiLabel]).toEqual([['cat', 'dog'], true]);
    expect(rowsOf(list)).toEqual([['1.png', ['cat', 'dog'], null], ['2.png', ['dog'], null], ['3.png', [], null]]); // prettier-ignore
  });

  it('keeps the order of columns, also of a class that no image has', async () => {
    expect((await read('path,zebra,ant,split\n1.png,1,0,train\n')).classNames).toEqual(['zebra', 'ant']);
  });

  it('reads JSON Lines, where a label may hold any character', async () => {
    const text = '{"path":"1.png","label":"a;b"}\n\n{"path":"2.png","label":"c|d","split":"test","width":3}';
    expect(await messageOf(text, 'mixed.jsonl')).toContain('line 1 has no split, and other lines have one');
    const list = await read(text.replace(',"split":"test"', ''), 'one.jsonl');
    expect([list.classNames, list.isMultiLabel]).toEqual([['a;b', 'c|d'], false]);
    const several = await read('{"path":"1.png","labels":["b","a","b"]}\n{"path":"2.png","labels":[]}', 'many.ndjson');
    expect(rowsOf(several)).toEqual([['1.png', ['a', 'b'], null], ['2.png', [], null]]); // prettier-ignore
  });

  it('takes names in the two forms of Unicode for one class', async () => {
    expect((await read('path,label\n1.png,cafe\u0301\n2.png,caf\u00e9\n')).classNames).toEqual(['caf\u00e9']);
  });

  it('lists all faults by line', async () => {
    const rows = ['a.png,cat,train', ',dog,train', 'b.png,,train', 'c.png,dog', './a.png,dog,test', 'd.png,dog,later', 'https://x/y.png,cat,test']; // prettier-ignore
    expect(await messageOf(`path,label,split\n${rows.join('\n')}\n`)).toMatchInlineSnapshot(`
      "SignetError: The list FOLDER/list.csv cannot be used: 6 faults in 6 rows.
        line 3 has no path
        line 4 has no label
        line 5 has 2 fields. Expected: 3, as in the header
        line 6 has the path of line 2, "a.png"
        line 7 has the split "later". Expected: train, validation or test
        line 8 has the address "https://x/y.png". Expected: the path of a file here"
    `);
    const many = Array.from({ length: 30 }, (_, i) => `${i}.png,`).join('\n');
    expect(await messageOf(`path,label\n${many}\n`)).toMatch(/line 21 has no label\n {2}… and 10 more$/);
  });

  it.each<[what: string, text: string | Buffer, message: string, name?: string]>([
    ['no header', '1.png,cat\n2.png,dog\n', 'line 1 has the columns "1.png", "cat". Expected: path and label, or path and a column for each class'],
    ['a column twice', 'path,a,b,a\n1.png,0,1,0\n', 'line 1 names the column "a" twice'],
    ['a value that is neither 0 nor 1', 'path,a,b\n1.png,0,0.5\n', 'line 2 has "0.5" in the column "b". Expected: 0 or 1'],
    ['two separators', 'path,label\n1.png,a;b\n2.png,a|b\n', 'line 2 separates labels by ; and line 3 by |'],
    ['nothing', '', 'line 1 is empty. Expected: a header such as path,label'],
    ['a header alone', 'path,label\n', 'line 1 is followed by no image'],
    ['an open quote', 'path,label\n"1.png,a\n2.png,b\n', 'begins a field with " that is never closed'],
    ['bytes that are not text', Buffer.from('path,label\n\xff\xfe.png,a\n', 'latin1'), 'Expected: text in UTF-8, without zero bytes'],
    ['a zero byte', 'path,label\na\0b.png,a\n', 'line 2 has the path "a\\x00b.png". Expected: text in UTF-8, without zero bytes'],
    ['a label that would be two lines', 'path,label\n1.png,"a\nb"\n', 'line 3 has the label "a\\nb". Expected: one line of text'],
    ['a line without an end', `path,label\n"${'x'.repeat(1_100_000)}`, 'is longer than 1048576 characters'],
    ['a path without an end', `path,label\n${'x'.repeat(5000)},a\n`, 'line 2 has a path of 5000 characters. Expected: at most 4096'],
    ['JSON that is none', '{"path":"1.png"', 'line 1 is not JSON. Expected: {"path": "cats/1.jpg", "label": "cat"}', 'x.jsonl'],
    ['JSON of another kind', '[1]\n7\n', 'line 2 is not an object', 'x.jsonl'],
    ['JSON with other types', '{"path":7,"label":{"a":1}}\n', 'line 1 has the label {"a":1}. Expected: one line of text', 'x.jsonl'],
    ['JSON without a label', '{"path":"1.png"}\n', 'line 1 has no label', 'x.jsonl'],
  ])('refuses %s', async (_, text, message, name) => {
    expect(await messageOf(text, name)).toContain(message);
  }); // prettier-ignore

  it('refuses what is not a file, and one that is too large, before it is read', async () => {
    await mkdir(path.join(folder, 'directory'));
    await expect(readImageList(path.join(folder, 'directory'))).rejects.toThrow('it is a folder. Give a CSV file');
    await expect(readImageList(path.join(folder, 'gone.csv'))).rejects.toThrow(
      'gone.csv cannot be used: it does not exist.',
    );
    await expect(readImageList('/dev/zero')).rejects.toThrow('it is not a file');
    const { truncate } = await import('node:fs/promises');
    const large = await written('large.csv', 'path,label\n');
    await truncate(large, 129 * 2 ** 20);
    await expect(readImageList(large)).rejects.toThrow('it has 129.0 MiB. Expected: at most 128.0 MiB.');
  });
});
