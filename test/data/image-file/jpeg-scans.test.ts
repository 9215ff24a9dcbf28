import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import sharp from 'sharp';
import { expect, it } from 'vitest';

import { inspectImageFile } from '../../../src/data/image-file/inspect-image-file.js';
import { jpegPasses } from '../../../src/data/image-file/jpeg-scans.js';
import { declaredPixels } from '../../../src/serving/limits/declared-pixels.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

/** A picture whose last scan is repeated. */
async function withScans(repeated: number, progressive = true): Promise<Buffer> {
  const picture = sharp({ create: { width: 1000, height: 500, channels: 3, background: '#808080' } });
  const jpeg = await picture.jpeg({ progressive }).toBuffer();
  const scan = jpeg.subarray(jpeg.lastIndexOf(Buffer.of(0xff, 0xda)), -2);
  return Buffer.concat([jpeg.subarray(0, -2), ...Array<Buffer>(repeated).fill(scan), Buffer.of(0xff, 0xd9)]);
}

it('a JPEG counts for as many pictures as its scans take to decode', async () => {
  expect([jpegPasses(await withScans(0)), jpegPasses(await withScans(10)), jpegPasses(await withScans(90))]).toEqual([
    1, 1, 5,
  ]);
  expect(jpegPasses(await withScans(3, false))).toBe(1);
  expect(declaredPixels(await withScans(0))).toBe(500_000);
  expect(declaredPixels(await withScans(9990))).toBe(500 * 500_000);
  // Where a picture ends, so does its decoder.
  expect(declaredPixels(Buffer.concat([await withScans(0), await withScans(9990)]))).toBe(500_000);
});

it('one of thousands of scans is not an image of a data set', async () => {
  const file = path.join(await temporaryFolder(), 'a.jpg');
  await writeFile(file, await withScans(9990));
  expect(await inspectImageFile(file, 0)).toEqual({
    path: file,
    kind: 'too-many-pixels',
    message:
      'has more than 9980 scans of 0.5 megapixels, all of which TensorFlow goes over: more than the limit of 50 megapixels (maxPixels) for 20 scans',
  });
  await writeFile(file, await withScans(50));
  expect(await inspectImageFile(file, 0)).toMatchObject({ width: 1000, height: 500 });
}); // prettier-ignore
