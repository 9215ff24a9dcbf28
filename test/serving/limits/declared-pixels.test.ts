import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { decodeImage } from '../../../src/ops/decode-image.js';
import { stringBytes, stringScalar } from '../../../src/ops/strings.js';
import { declaredPixels } from '../../../src/serving/limits/declared-pixels.js';
import { encodedImages } from '../../helpers/data/encoded-images.js';
import { bmpClaiming, gifClaiming, jpegClaiming, pngChunk, pngClaiming } from '../../helpers/data/hostile-images.js';
import { serializedExamples } from '../../helpers/data/serialized-examples.js';

const large = 65_535 * 65_535;

describe('declaredPixels', () => {
  it('are those that the image has', async () => {
    for (const image of await encodedImages()) {
      const { width, height } = await sharp(image).metadata();
      expect(declaredPixels(image)).toBe(width * height);
      const text = Buffer.from(image).toString('base64');
      expect(declaredPixels(Buffer.from(text))).toBe(width * height);
      expect(declaredPixels(Buffer.from(text.replaceAll('+', '-').replaceAll('/', '_')))).toBe(width * height);
      expect(declaredPixels(exampleOf({ other: [1], 'image/encoded': image, again: image }))).toBe(2 * width * height);
    }
    const progressive = await sharp((await encodedImages())[0])
      .jpeg({ progressive: true })
      .toBuffer();
    expect(declaredPixels(progressive)).toBe(40 * 50);
  });

  it('are those that the header claims', async () => {
    expect(declaredPixels(await pngClaiming(65_535, 65_535))).toBe(large);
    expect(declaredPixels(await jpegClaiming(65_535, 65_535))).toBe(large);
    expect(declaredPixels(gifClaiming([1, 1], [65_535, 65_535]))).toBe(large + 1);
    expect(declaredPixels(await pngClaiming(2 ** 31 - 1, 2 ** 31 - 1))).toBe((2 ** 31 - 1) ** 2);
    // TensorFlow wants all of a BMP's pixels in the file.
    expect(declaredPixels(bmpClaiming(65_535, 65_535))).toBe(0);
  });

  it('are of all frames of a GIF, however many', () => {
    const one = gifClaiming([100, 100]);
    const frames = Buffer.concat(Array.from({ length: 300_000 }, () => one.subarray(-16, -1)));
    expect(declaredPixels(Buffer.concat([one.subarray(0, -1), frames, one.subarray(-1)]))).toBe(300_001 * 10_000);
  });

  it.each<[string, (width: number, height: number) => Promise<Buffer>]>([
    ['an unknown chunk before a PNG header', (w, h) => pngClaiming(w, h, pngChunk('abCd', Buffer.alloc(13)))],
    ['a JPEG marker without length', (w, h) => jpegClaiming(w, h, Buffer.of(0xff, 0x01))],
    ['a JPEG restart marker', (w, h) => jpegClaiming(w, h, Buffer.of(0xff, 0xd3))],
    ['fill bytes in a JPEG', (w, h) => jpegClaiming(w, h, Buffer.of(0xff, 0xff, 0xff))],
  ])('are found behind %s, as TensorFlow finds them', async (_, make) => {
    expect(declaredPixels(await make(65_535, 65_535))).toBe(large);
    const decoded = decodeImage(stringScalar(await make(20, 10)));
    expect(decoded.shape).toEqual([10, 20, 3]);
    decoded.dispose();
  });

  it('are found behind bytes that libjpeg passes over', async () => {
    const before = Buffer.of(0xff, 0xe0, 0, 4, 1, 2, 0, 0, 7);
    expect(declaredPixels(await jpegClaiming(65_535, 65_535, before))).toBe(large);
  });

  it('are found behind an unknown field of a tf.Example', async () => {
    const image = await pngClaiming(65_535, 65_535);
    const unknown = new BinaryWriter().tag(9, WireType.Varint).int32(1).finish();
    expect(declaredPixels(Buffer.concat([unknown, exampleOf({ x: image })]))).toBe(large);
  });

  it('are none of anything else', async () => {
    const image = await pngClaiming(10, 10);
    for (let length = 0; length < 24; length += 1) expect(declaredPixels(image.subarray(0, length))).toBe(0);
    for (const text of ['', 'text', '\n', 'iVBORw', 'Qk', 'GIF89a', '\xff\xd8\xff', '\x89PNG\r\n\x1a\n', 'BM']) {
      expect(declaredPixels(Buffer.from(text, 'latin1'))).toBe(0);
    }
    expect(declaredPixels(Buffer.concat([Buffer.of(0xff, 0xd8), Buffer.alloc(1_000_000, 0xff)]))).toBe(0);
  });
});

function exampleOf(features: Record<string, Uint8Array | number[]>): Uint8Array {
  const [bytes] = stringBytes(serializedExamples([features]));
  if (!bytes) throw new Error('There is an example.');
  return bytes;
}
