import { cpSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { trainedImages } from '../../../src/commands/eval-model/trained-images.js';
import { scanImageDirectory } from '../../../src/data/scan/scan-image-directory.js';
import { copyDigits, type SmallDigits } from '../../helpers/data/small-digits.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

let folder: string;
let digits: SmallDigits;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  digits = copyDigits(folder, { classes: 2, images: 6 });
});

/** Makes what a training leaves: its options, and which images it split off for the test. */
function trained(name: string, options: object, split: readonly object[] | null = null): string {
  const extra = path.join(folder, name, 'assets.extra');
  mkdirSync(extra, { recursive: true });
  writeFileSync(path.join(extra, 'arguments.json'), JSON.stringify(options));
  const lines = split?.map((row) => JSON.stringify(row)).join('\n');
  if (lines !== undefined) writeFileSync(path.join(extra, 'test-images.jsonl'), lines);
  return path.join(folder, name);
}

const counted = async (model: string, test: string) =>
  (await trainedImages(model, await scanImageDirectory(test)))?.count ?? null;

describe('images of a test set that the model was trained on', () => {
  it('are counted and named, whatever they are called', async () => {
    const model = trained('named', { trainDatasetPath: digits.train });
    expect(await counted(model, digits.test)).toBe(0);
    expect(await counted(model, digits.train)).toBe(12);
    const mixed = path.join(folder, 'mixed');
    cpSync(digits.test, mixed, { recursive: true });
    const [first = ''] = readdirSync(path.join(digits.train, '1'));
    cpSync(path.join(digits.train, '1', first), path.join(mixed, '1', 'another.png'));
    const found = await trainedImages(model, await scanImageDirectory(mixed));
    expect(found?.count).toBe(1);
    expect(found?.note?.replaceAll(folder, 'FOLDER').replace(first, 'FIRST')).toMatchInlineSnapshot(
      `"1 test image is in the training set too, with the same bytes: accuracy on them says nothing about new images: FOLDER/train/1/FIRST = FOLDER/mixed/1/another.png."`,
    );
  });

  it('are not those that were split off for the test', async () => {
    const rows = ['0', '1'].map((label) => ({ path: path.join(digits.train, label, readdirSync(path.join(digits.train, label))[0] ?? ''), label })); // prettier-ignore
    const model = trained('split', { datasetPath: digits.train }, rows);
    expect(await counted(model, digits.train)).toBe(10);
    const splitOff = path.join(folder, 'split-off');
    for (const { path: file, label } of rows) cpSync(file, path.join(splitOff, label, 'a.png'));
    expect(await counted(model, splitOff)).toBe(0);
  });

  it('are found by a list too', async () => {
    const rows = ['0', '1'].flatMap((label) =>
      readdirSync(path.join(digits.train, label)).map((name) => `train/${label}/${name},${label}`),
    );
    const list = path.join(folder, 'list.csv');
    writeFileSync(list, ['path,label', ...rows].join('\n'));
    expect(await counted(trained('listed', { trainList: list }), digits.train)).toBe(12);
  });

  it('are not known where the model does not say, or where they are gone', async () => {
    expect(await counted(path.join(folder, 'nothing'), digits.test)).toBeNull();
    const gone = path.join(folder, 'gone');
    cpSync(digits.train, gone, { recursive: true });
    const model = trained('forgotten', { trainDatasetPath: gone });
    renameSync(path.join(gone, '0'), path.join(folder, 'elsewhere'));
    expect(await counted(model, digits.test)).toBeNull();
    expect(
      await counted(trained('absent', { trainDatasetPath: path.join(folder, 'no-such') }), digits.test),
    ).toBeNull();
  });
});
