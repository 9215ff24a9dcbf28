import { truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { readLabelsFile } from '../../../src/models/classifier/read-labels-file.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

describe('readLabelsFile', () => {
  it.each<[string, string, string[]]>([
    ['lines', 'cat\ndog\n', ['cat', 'dog']],
    ['a last line that is not ended', 'cat\ndog', ['cat', 'dog']],
    ["Windows's lines, and a mark at the beginning", '\ufeffcat\r\ndog\r\n', ['cat', 'dog']],
    ['names with commas, accents and spaces around them', ' tench, Tinca tinca \nchâteau\n', ['tench, Tinca tinca', 'château']], // prettier-ignore
    ['a name that comes twice, as in ImageNet', 'crane\nmaillot\ncrane\n', ['crane', 'maillot', 'crane']],
  ])('reads %s', async (_, text, names) => {
    expect(await readLabelsFile(await written(text))).toEqual(names);
  });

  it.each<[string, string | Uint8Array, string]>([
    ['nothing', '', 'it has no name'],
    ['one name', 'cat\n', 'it has one name'],
    ['an empty line', 'cat\n\ndog\n', 'line 2 is empty'],
    ['two lines at the end that are empty', 'cat\ndog\n\n\n', 'line 3 is empty'],
    ['control characters', 'cat\n\x1b[31mdog\n', 'line 2 has control characters'],
    ['bytes that are not text', Uint8Array.of(0x63, 0xff, 0x0a, 0x64, 0x0a), 'it is not text in UTF-8'],
  ])('refuses %s', async (_, content, message) => {
    const file = await written(content);
    await expect(readLabelsFile(file)).rejects.toMatchObject({
      code: 'INVALID_LABELS',
      message: expect.stringContaining(`${file} cannot be used: ${message}. Give a text file in UTF-8`) as string,
    });
  });

  it('refuses a file that is huge, without reading it', async () => {
    const file = await written('cat\n');
    await truncate(file, 2 ** 40);
    await expect(readLabelsFile(file)).rejects.toThrow('it has 1099511627776 bytes, and 4000000 are the most');
  });

  it('refuses a folder, and a file that is not there', async () => {
    const file = await written('cat\n');
    await expect(readLabelsFile(path.dirname(file))).rejects.toThrow('it is not a file');
    await expect(readLabelsFile(`${file}.gone`)).rejects.toThrow('it does not exist');
  });
});

async function written(content: string | Uint8Array): Promise<string> {
  const file = path.join(await temporaryFolder(), 'labels.txt');
  await writeFile(file, content);
  return file;
}
