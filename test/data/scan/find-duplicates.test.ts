import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { describeDuplicates, duplicatesToLeaveOut } from '../../../src/data/scan/duplicate-report.js';
import { findDuplicates } from '../../../src/data/scan/find-duplicates.js';
import { scanImageDirectory } from '../../../src/data/scan/scan-image-directory.js';
import { tiff } from '../../helpers/data/tiff.js';
import { temporaryDirectory, writeFiles } from '../samples.js';

/** Images of one size in bytes, each with another content. */
const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((_, i) =>
  tiff({ width: 2, height: 2, channels: 1, kind: 'uint', bits: 8, samples: [i, 1, 2, 3] }),
) as [Buffer, Buffer, Buffer, Buffer, Buffer];

/** Duplicates of a training and a test set, paths without the folder. */
async function duplicates(train: Record<string, Buffer>, test: Record<string, Buffer>) {
  const folder = temporaryDirectory();
  writeFiles(join(folder, 'train'), train);
  writeFiles(join(folder, 'test'), test);
  const scans = [
    await scanImageDirectory(join(folder, 'train')),
    await scanImageDirectory(join(folder, 'test')),
  ] as const;
  const groups = await findDuplicates(...scans);
  const short = (text: string) => text.replaceAll(`${folder}/`, '');
  return {
    groups: groups.map(({ files }) => files.map(({ path }) => short(path))),
    notes: describeDuplicates(groups).map(short),
    leftOut: duplicatesToLeaveOut(groups).map(({ path, message }) => `${short(path)} ${short(message)}`),
  };
}

describe('findDuplicates', () => {
  it('finds nothing where every image is another', async () => {
    expect(await duplicates({ '0/1.tif': a, '1/2.tif': b }, { '0/3.tif': c, '1/4.tif': d })).toEqual({
      groups: [],
      notes: [],
      leftOut: [],
    });
  });

  it('finds test images in the training set, under any name, and leaves them out of the training', async () => {
    const found = await duplicates(
      { '0/1.tif': a, '0/2.tif': e, '1/3.tif': b },
      { '0/x.tif': a, '1/y.tif': b, '1/z.tif': c },
    );
    expect(found).toEqual({
      groups: [
        ['train/0/1.tif', 'test/0/x.tif'],
        ['train/1/3.tif', 'test/1/y.tif'],
      ],
      notes: [
        '2 test images are in the training set too, with the same bytes: accuracy on them says nothing about new images: train/0/1.tif = test/0/x.tif, train/1/3.tif = test/1/y.tif.',
      ],
      leftOut: ['train/0/1.tif has the same bytes as test/0/x.tif', 'train/1/3.tif has the same bytes as test/1/y.tif'],
    });
  });

  it('finds an image in two classes, of one set or of both, and leaves all of it out', async () => {
    const found = await duplicates(
      { '0/1.tif': a, '1/2.tif': a, '1/3.tif': b },
      { '0/4.tif': b, '0/5.tif': c, '1/6.tif': d },
    );
    expect(found.notes).toEqual([
      '1 test image is in the training set too, with the same bytes: accuracy on them says nothing about new images: train/1/3.tif = test/0/4.tif.',
      '2 images are in more than one class, with the same bytes: at most one label is right: train/0/1.tif = train/1/2.tif, train/1/3.tif = test/0/4.tif.',
    ]);
    expect(found.leftOut).toEqual(
      ['train/0/1.tif', 'train/1/2.tif', 'train/1/3.tif', 'test/0/4.tif'].map(
        (path) => `${path} is in more than one class, with the same bytes`,
      ),
    );
  });

  it('finds copies within a class, and keeps the first; examples are three', async () => {
    const copies = Object.fromEntries(
      [a, b, c, d].flatMap((bytes, i) => [1, 2, 3].map((copy) => [`0/${i}-${copy}.tif`, bytes])),
    );
    const found = await duplicates({ ...copies, '1/1.tif': e }, { '0/1.tif': e.subarray(0), '1/2.tif': tiffOfNine });
    expect(found.notes.at(-1)).toBe(
      '8 images have the bytes of another in the same class: train/0/0-1.tif = train/0/0-2.tif, train/0/1-1.tif = train/0/1-2.tif, train/0/2-1.tif = train/0/2-2.tif, ….',
    );
    expect(found.leftOut).toContain('train/0/3-3.tif has the same bytes as train/0/3-1.tif');
    expect(found.leftOut.some((line) => line.startsWith('train/0/3-1.tif'))).toBe(false);
  });
});

const tiffOfNine = tiff({
  width: 3,
  height: 3,
  channels: 1,
  kind: 'uint',
  bits: 8,
  samples: [1, 2, 3, 4, 5, 6, 7, 8, 9],
});
