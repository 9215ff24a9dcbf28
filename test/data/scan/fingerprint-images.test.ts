import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { changedImages, fingerprintImages } from '../../../src/data/scan/fingerprint-images.js';
import { scanImageDirectory } from '../../../src/data/scan/scan-image-directory.js';
import { copyDigits } from '../../helpers/data/small-digits.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

/** What is said of a data set after a change. */
async function changesBy(change: (train: string) => void): Promise<string[]> {
  const { train } = copyDigits(await temporaryFolder(), { classes: 3, images: 4 });
  const before = fingerprintImages(await scanImageDirectory(train));
  change(train);
  const kept = JSON.parse(JSON.stringify(before)) as typeof before;
  return changedImages(kept, fingerprintImages(await scanImageDirectory(train)));
}

const first = (folder: string) => path.join(folder, readdirSync(folder).sort()[0] ?? '');

describe('fingerprintImages', () => {
  it('is the same wherever the data set is, and whenever its files were written', async () => {
    const { train } = copyDigits(await temporaryFolder());
    const moved = path.join(await temporaryFolder(), 'elsewhere');
    cpSync(train, moved, { recursive: true });
    const [here, there] = [await scanImageDirectory(train), await scanImageDirectory(moved)];
    expect(fingerprintImages(there)).toEqual(fingerprintImages(here));
  });

  it.each<[what: string, change: (train: string) => void, said: string[]]>([
    ['nothing', () => undefined, []],
    ['a file that is gone', (train) => rmSync(first(path.join(train, '1'))), ['Class "1" has 3 images. It had 4.']],
    ['another name', (train) => renameSync(first(path.join(train, '2')), path.join(train, '2', 'x.png')), ['Class "2" has other images, though still 4.']],
    ['another image of the name', (train) => cpSync(first(path.join(train, '1')), first(path.join(train, '0'))), ['Class "0" has other images, though still 4.']],
    ['a class that is gone, and a new one', (train) => renameSync(path.join(train, '1'), path.join(train, 'one')), ['Classes that are gone: "1".', 'Classes that are new: "one".']],
    ['a file that is not an image of a class', (train) => { mkdirSync(path.join(train, '.hidden')); writeFileSync(path.join(train, 'notes.txt'), ''); }, []],
  ])('tells %s', async (_, change, said) => {
    expect(await changesBy(change)).toEqual(said);
  });
}); // prettier-ignore
