import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { byCodePoint } from '../../src/text/by-code-point.js';
import { findClassDirectories } from '../../src/data/scan/find-class-directories.js';
import { findImageFiles } from '../../src/data/scan/find-image-files.js';
import { printable } from '../../src/text/printable.js';
import { latin1Path, temporaryDirectory, writeFiles } from './samples.js';

/** The files that are found in a class directory with these files, by their path in it. */
async function filesAmong(...names: string[]): Promise<string[]> {
  const directory = temporaryDirectory();
  writeFiles(directory, Object.fromEntries(names.map((name) => [name, 'x'])));
  const { paths, problems } = await findImageFiles(directory);
  expect(problems).toEqual([]);
  return paths.map((path) => path.slice(directory.length + 1));
}

describe('findClassDirectories', () => {
  it('sorts names as Python does, by code point', async () => {
    const directory = temporaryDirectory();
    const sorted = ['10', '9', 'B', 'Zebra', 'a', 'été', '\uff21', '😀'];
    for (const name of [...sorted].reverse()) mkdirSync(join(directory, name));
    const { classes } = await findClassDirectories(directory);
    expect(classes.map(({ name }) => name)).toEqual(sorted);
  });

  it('passes over what is hidden or left behind by an operating system', async () => {
    const directory = temporaryDirectory();
    for (const name of ['.git', '__MACOSX', 'cat']) mkdirSync(join(directory, name));
    writeFiles(directory, { '.DS_Store': '', 'Thumbs.db': '', 'desktop.ini': '' });
    expect(await findClassDirectories(directory)).toEqual({
      classes: [{ name: 'cat', path: join(directory, 'cat') }],
      strayFiles: [],
      problems: [],
    });
  });

  it('tells files that belong to no class', async () => {
    const directory = temporaryDirectory();
    writeFiles(directory, { 'README.md': '', 'cat/1.png': '' });
    symlinkSync('README.md', join(directory, 'linked.md'));
    const { strayFiles } = await findClassDirectories(directory);
    expect(strayFiles).toEqual([join(directory, 'README.md'), join(directory, 'linked.md')]);
  });

  it('takes a link to a directory for a class, unless it leads back or nowhere', async () => {
    const directory = temporaryDirectory();
    const elsewhere = temporaryDirectory();
    symlinkSync(elsewhere, join(directory, 'cat'));
    symlinkSync('.', join(directory, 'here'));
    symlinkSync('gone', join(directory, 'lost'));
    const { classes, problems } = await findClassDirectories(directory);
    expect(classes).toEqual([{ name: 'cat', path: join(directory, 'cat') }]);
    expect(problems).toEqual([
      {
        path: join(directory, 'here'),
        kind: 'symlink-loop',
        message: 'is a symbolic link to a directory that contains it',
      },
      {
        path: join(directory, 'lost'),
        kind: 'unreadable',
        message: 'is a symbolic link to gone, which does not exist',
      },
    ]);
  });
});

describe('findImageFiles', () => {
  it('takes the two Unicode forms of a name for one class, and refuses two directories of one name', async () => {
    const directory = temporaryDirectory();
    writeFiles(directory, { 'cafe\u0301/1.png': 'x', 'b/1.png': 'x', 'd\u00fcne/1.png': 'x', 'du\u0308ne/2.png': 'x' });
    const { classes, problems } = await findClassDirectories(directory);
    expect(classes.map(({ name, path }) => [name, path.slice(directory.length + 1)])).toEqual([
      ['b', 'b'],
      ['caf\u00e9', 'cafe\u0301'],
      ['d\u00fcne', 'du\u0308ne'],
      ['d\u00fcne', 'd\u00fcne'],
    ]);
    expect(problems.map(({ path, message }) => [path.slice(directory.length + 1), message])).toEqual([
      [
        'd\u00fcne',
        'has the name of another directory in another Unicode form (composed or decomposed): merge the two',
      ],
    ]);
  });

  it.each([
    ['@eaDir/a.png/SYNOPHOTO_THUMB_M.jpg', '#recycle/b.png', '#snapshot/daily/a.png', '@tmp/c.png'],
    ['@Recycle/c.png', '@Recently-Snapshot/a.png', '.@__thumb/s100a.png'],
    ['$RECYCLE.BIN/d.png', 'System Volume Information/e.png', 'Thumbs.db', 'more/ehthumbs_vista.db', 'desktop.ini'],
    ['.AppleDouble/a.png', '._a.png', 'Network Trash Folder/f.png', 'Temporary Items/g.png', 'more/Icon\r'],
    [
      '~snapshot/hourly/a.png',
      'lost+found/#1234.png',
      '.Trash-1000/files/h.png',
      '.ipynb_checkpoints/a-checkpoint.png',
    ],
  ])('passes over what network drives and operating systems leave behind: %s, ...', async (...left) => {
    expect(await filesAmong('a.png', 'more/b.png', ...left)).toEqual(['a.png', 'more/b.png']);
  });

  it('looks into directories, but not into hidden ones', async () => {
    expect(await filesAmong('1.png', 'more/2.png', 'more/and/3.png', '.git/4.png', 'more/.5.png')).toEqual([
      '1.png',
      'more/2.png',
      'more/and/3.png',
    ]);
  });

  it.each([
    '*.png',
    '[ab].png',
    '{a,b}.png',
    '!a.png',
    'a(b).png',
    'back\\slash.png',
    'a.png[page=1]',
    '100%.png',
    '%41.png',
    'line\nbreak.png',
    '\nfirst.png',
    'line\nbreak/in/directory.png',
    '\u2028/\u2029.png',
    'tab\t\x1b[31m.png',
    'été/😀.png',
    ' .png',
  ])('finds a file whatever its name: %j', async (name) => {
    expect(await filesAmong(name, 'other.png')).toContain(name);
  });

  it('reports names that are not valid UTF-8, each once', async () => {
    const directory = temporaryDirectory();
    writeFileSync(latin1Path(directory, 'caf\xe9.png'), 'x');
    writeFileSync(latin1Path(directory, 'caf\xe8.png'), 'x');
    mkdirSync(latin1Path(directory, 'd\xfc'));
    writeFileSync(latin1Path(directory, 'd\xfc/inside.png'), 'x');
    const { paths, problems } = await findImageFiles(directory);
    expect(paths).toEqual([]);
    expect(problems.map(({ path, message }) => `${path.slice(directory.length)} ${message}`).sort()).toEqual([
      '/caf\\xe8.png has a name that is not valid UTF-8: rename it',
      '/caf\\xe9.png has a name that is not valid UTF-8: rename it',
      '/d\\xfc has a name that is not valid UTF-8: rename it',
    ]);
  });

  it('follows links to files and directories', async () => {
    const directory = temporaryDirectory();
    const store = temporaryDirectory();
    writeFiles(store, { '1.png': 'x', 'more/2.png': 'x' });
    symlinkSync(join(store, '1.png'), join(directory, 'one.png'));
    symlinkSync(join(store, 'more'), join(directory, 'more'));
    const { paths } = await findImageFiles(directory);
    expect(paths).toEqual([join(directory, 'one.png'), join(directory, 'more/2.png')]);
  });

  it('reports links in a circle, however long', async () => {
    const directory = temporaryDirectory();
    writeFiles(directory, { 'cat/1.png': 'x', 'dog/2.png': 'x' });
    symlinkSync('.', join(directory, 'cat/here'));
    symlinkSync('..', join(directory, 'cat/up'));
    symlinkSync('../dog', join(directory, 'cat/dogs'));
    symlinkSync('../cat', join(directory, 'dog/cats'));
    const { paths, problems } = await findImageFiles(join(directory, 'cat'));
    expect(paths).toEqual([join(directory, 'cat/1.png'), join(directory, 'cat/dogs/2.png')]);
    expect(problems.map(({ path, kind }) => [path.slice(directory.length), kind])).toEqual([
      ['/cat/here', 'symlink-loop'],
      ['/cat/up', 'symlink-loop'],
      ['/cat/dogs/cats', 'symlink-loop'],
    ]);
  });

  it('reads a directory once, though 2^40 paths lead to it', async () => {
    const directory = temporaryDirectory();
    for (let level = 0; level < 40; level++) {
      mkdirSync(join(directory, `level${level}`));
      writeFiles(directory, { [`level${level}/${level}.png`]: 'x' });
      for (const link of ['left', 'right']) symlinkSync(`../level${level + 1}`, join(directory, `level${level}`, link));
    }
    mkdirSync(join(directory, 'level40'));
    const { paths, repeatedDirectories } = await findImageFiles(join(directory, 'level0'));
    expect(paths).toHaveLength(40);
    expect(repeatedDirectories).toHaveLength(40);
  });

  it('hands on links that lead nowhere, for the reader of files to report', async () => {
    const directory = temporaryDirectory();
    symlinkSync('gone.png', join(directory, 'lost.png'));
    expect((await findImageFiles(directory)).paths).toEqual([join(directory, 'lost.png')]);
  });

  it('reports a directory that is not there', async () => {
    const missing = join(temporaryDirectory(), 'gone');
    expect((await findImageFiles(missing)).problems).toEqual([
      { path: missing, kind: 'unreadable', message: 'cannot be read: no such file or directory' },
    ]);
  });
});

describe('byCodePoint', () => {
  it('orders every pair as Python orders it', () => {
    const sorted = ['', 'a', 'a\0', 'aa', 'b', '\u00e9', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'];
    for (const [i, a] of sorted.entries()) {
      for (const [j, b] of sorted.entries()) expect(Math.sign(byCodePoint(a, b))).toBe(Math.sign(i - j));
    }
  });
});

describe('printable', () => {
  it.each([
    ['plain name.png', 'plain name.png'],
    ['a\nb\r\t\0', 'a\\nb\\r\\t\\x00'],
    ['\x1b[31mred', '\\x1b[31mred'],
    ['\u202egnp.exe', '\\u202egnp.exe'],
    ['caf\ufffd \u2028 \ud800', 'caf\\ufffd \\u2028 \\ud800'],
    ['été 😀 👨‍👩‍👧 日本', 'été 😀 👨‍👩‍👧 日本'],
  ])('%j prints as %j', (text, printed) => {
    expect(printable(text)).toBe(printed);
  });
});
