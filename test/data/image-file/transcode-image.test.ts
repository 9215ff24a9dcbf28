import { join } from 'node:path';

import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { inspectImageFile } from '../../../src/data/image-file/inspect-image-file.js';
import { transcodeImage } from '../../../src/data/image-file/transcode-image.js';
import { decodeImage } from '../../../src/ops/decode-image.js';
import { stringScalar } from '../../../src/ops/strings.js';
import { tiff as tiffOf } from '../../helpers/data/tiff.js';
import { avif, image, pngClaiming, temporaryDirectory, tiff, webp, writeFiles } from '../samples.js';

async function pixels(bytes: Buffer): Promise<Buffer> {
  return sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
}

const webpWithAlpha = await image(60, 40, 4).webp({ lossless: true }).toBuffer();
const tiffWithAlpha = await image(60, 40, 4).tiff({ compression: 'lzw' }).toBuffer();

describe('transcodeImage', () => {
  it.each([
    ['WebP', 3, webp],
    ['AVIF', 3, avif],
    ['TIFF', 3, tiff],
    ['WebP with alpha', 4, webpWithAlpha],
    ['TIFF with alpha', 4, tiffWithAlpha],
  ])('keeps every pixel of %s', async (_, channels, bytes) => {
    const transcoded = await transcodeImage(bytes);
    expect(await sharp(transcoded).metadata()).toMatchObject({ format: 'png', width: 60, height: 40, channels });
    expect((await pixels(transcoded)).equals(await pixels(bytes))).toBe(true);
  });

  it('makes 8-bit RGB of gray, of CMYK and of 16 bits', async () => {
    const words = new Uint16Array(60 * 40 * 3).fill(0xabcd);
    const wide = sharp(words, { raw: { width: 60, height: 40, channels: 3 } }).toColourspace('rgb16');
    const deep = await wide.tiff({ compression: 'lzw' }).toBuffer();
    expect(await sharp(deep).metadata()).toMatchObject({ depth: 'ushort' });
    const gray = await image().toColourspace('b-w').tiff({ compression: 'lzw' }).toBuffer();
    const cmyk = await image().toColourspace('cmyk').tiff({ compression: 'lzw' }).toBuffer();
    for (const bytes of [deep, gray, cmyk]) {
      const transcoded = await transcodeImage(bytes);
      expect(await sharp(transcoded).metadata()).toMatchObject({ depth: 'uchar', space: 'srgb', channels: 3 });
    }
    expect(new Set(await pixels(await transcodeImage(deep)))).toEqual(new Set([0xab]));
  });

  it.each([
    ['gray from 0 to 1', 1, [0, 0.25, 0.5, 1], [0, 64, 128, 255]],
    ['gray from 0 to 255', 1, [0, 64, 128, 255], [0, 64, 128, 255]],
    [
      'RGB from 0 to 1, not as linear light',
      3,
      [0, 0.2, 0.4, 0.6, 0.8, 1, 0.1, 0.3, 0.5, 0.7, 0.9, 0.2],
      [0, 51, 102, 153, 204, 255, 26, 77, 128, 178, 229, 51],
    ],
  ] as const)('scales the floats of a TIFF by their range: %s', async (_, channels, samples, expected) => {
    const bytes = tiffOf({ width: 2, height: 2, channels, kind: 'float', bits: 32, samples });
    const found = await pixels(await transcodeImage(bytes));
    const everyChannel = channels === 3 ? expected : expected.flatMap((value) => [value, value, value]);
    expect([...found]).toEqual(everyChannel);
  });

  it.each([
    ['below 0', [-0.5, 0, 0.25, 1], 'from -0.5 to 1'],
    ['beyond 255', [0, 1, 2, 871], 'from 0 to 871'],
    ['that are not numbers', [0, 1, NaN, 1], 'that are not finite'],
    ['that are infinite', [0, 1, Infinity, 1], 'that are not finite'],
  ])('refuses floats %s', async (_, samples, range) => {
    const bytes = tiffOf({ width: 2, height: 2, channels: 1, kind: 'float', bits: 32, samples });
    await expect(transcodeImage(bytes)).rejects.toThrow(
      `The image has floats ${range}. Expected: brightness from 0 to 1, or from 0 to 255. Scale them, and save it as PNG.`,
    );
  });

  it.each([
    ['float16', 'float', 16, [0, 0.25, 0.5, 1]],
    ['float64', 'float', 64, [0, 64, 128, 255]],
    ['int8', 'int', 8, [-128, -1, 0, 127]],
    ['int16', 'int', 16, [0, 1000, 20_000, 32_767]],
    ['int32', 'int', 32, [0, 64, 128, 255]],
    ['uint32', 'uint', 32, [0, 64, 128, 4_294_967_295]],
  ] as const)('refuses samples of %s, which would become another picture', async (type, kind, bits, samples) => {
    const bytes = tiffOf({ width: 2, height: 2, channels: 1, kind, bits, samples });
    const three = tiffOf({ width: 2, height: 2, channels: 3, kind, bits, samples: [samples, samples, samples].flat() });
    for (const each of [bytes, three]) {
      await expect(transcodeImage(each)).rejects.toThrow(
        `The image has samples of ${type}, not of 8 or 16 bits or float32: it cannot be transcoded to PNG. Save it as PNG.`,
      );
      const directory = temporaryDirectory();
      writeFiles(directory, { 'a.tif': each });
      expect(await inspectImageFile(join(directory, 'a.tif'), 0)).toMatchObject({ kind: 'unsupported' });
    }
  });

  it('keeps the EXIF orientation for whoever decodes it, and ignores the colour profile', async () => {
    const turned = await image()
      .withMetadata({ orientation: 6 })
      .withIccProfile('p3')
      .webp({ lossless: true })
      .toBuffer();
    const transcoded = await transcodeImage(turned);
    const { width, height, orientation, icc } = await sharp(transcoded).metadata();
    expect({ width, height, orientation, icc }).toEqual({ width: 60, height: 40, orientation: 6 });
    const upright = decodeImage(stringScalar(transcoded), { exif: 'apply' });
    expect(Buffer.from(upright.dataSync())).toEqual(await sharp(transcoded).autoOrient().raw().toBuffer());
    expect((await pixels(transcoded)).equals(await pixels(turned))).toBe(true);
  });

  it('takes the first frame of an animation', async () => {
    const frames = await Promise.all(['red', 'blue'].map((background) => solid(background)));
    const animation = await sharp(frames, { join: { animated: true } })
      .webp({ lossless: true })
      .toBuffer();
    const transcoded = await transcodeImage(animation);
    expect(await sharp(transcoded).metadata()).toMatchObject({ width: 8, height: 8 });
    expect([...(await pixels(transcoded)).subarray(0, 3)]).toEqual([255, 0, 0]);
  });

  it.each([
    ['more pixels than the limit', webp, { maxPixels: 100 }, 'has more than 100 pixels (maxPixels)'],
    ['a header that lies', pngClaiming(50_000, 50_000), {}, 'has more than 50 megapixels (maxPixels)'],
    ['more bytes than the limit', webp, { maxFileBytes: 100 }, 'has more than 100 bytes (maxFileBytes)'],
    ['half its bytes', avif.subarray(0, avif.length / 2), {}, 'is corrupt'],
    ['none of them', Buffer.alloc(0), {}, 'is corrupt'],
  ])('refuses an image with %s', async (_, bytes, limits, reason) => {
    await expect(transcodeImage(bytes, limits)).rejects.toThrow(
      expect.objectContaining({ code: 'BAD_IMAGE', message: `The image ${reason}: it cannot be transcoded to PNG.` }),
    );
  });
});

async function solid(background: string): Promise<Buffer> {
  return sharp({ create: { width: 8, height: 8, channels: 3, background } })
    .png()
    .toBuffer();
}
