import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';

import { inspectImageFile } from '../../../src/data/image-file/inspect-image-file.js';
import { detailOf, type PictureDetail } from '../../../src/evaluation/data-check/picture-detail.js';
import { pictureLooks } from '../../../src/evaluation/data-check/picture-looks.js';
import { matchPictures } from '../../../src/evaluation/data-check/same-picture.js';
import { randomPicture } from '../../helpers/data/random-pictures.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

/** The detail of a picture as a check finds it in a file. */
async function detailOfFile(content: Buffer): Promise<PictureDetail> {
  const file = path.join(await temporaryFolder(), 'picture');
  await writeFile(file, content);
  const found = await inspectImageFile(file, 0);
  if ('kind' in found) throw new Error(found.message);
  const looks = await pictureLooks(found);
  return detailOf(looks?.gray ?? new Uint8Array());
}

const changes = {
  'nearly the same': (picture: Sharp) => picture.jpeg({ quality: 40 }),
  mirrored: (picture: Sharp) => picture.flop().linear(0.7, 60).png(),
  cropped: (picture: Sharp) => picture.extract({ left: 7, top: 3, width: 86, height: 72 }).png(),
  'cropped and mirrored': (picture: Sharp) => picture.extract({ left: 2, top: 6, width: 86, height: 72 }).flop().png(),
};

describe('two pictures', () => {
  it.each(Object.entries(changes))('are one where one is %s', async (kind, change) => {
    const original = await randomPicture(1);
    const [one, other] = await Promise.all([original, change(sharp(original)).toBuffer()].map(async (content) => detailOfFile(await content))); // prettier-ignore
    expect(one && other && matchPictures(one, other, true)?.kind).toBe(kind);
    expect(one && other && matchPictures(other, one, true)?.kind).toBe(kind);
  });

  it('are two where they are not made of each other, or have no detail', async () => {
    const [one, other] = await Promise.all([1, 2].map(async (seed) => detailOfFile(await randomPicture(seed))));
    const white = detailOf(new Uint8Array(64 * 64).fill(255));
    if (!one || !other) throw new Error('unreachable');
    expect(matchPictures(one, other, true)).toBeNull();
    expect(matchPictures(white, white, true)).toBeNull();
  });

  it('are not looked at for crops unless that is asked for', async () => {
    const original = await randomPicture(1);
    const one = await detailOfFile(original);
    const other = await detailOfFile(await changes.cropped(sharp(original)).toBuffer());
    expect(matchPictures(one, other, false)).toBeNull();
  });
});
