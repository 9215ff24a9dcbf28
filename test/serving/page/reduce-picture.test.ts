import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { decodeImage } from '../../../src/ops/decode-image.js';
import { stringScalar } from '../../../src/ops/strings.js';
import * as tf from '../../../src/tensorflow/tf.js';

interface Picture {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

interface ReducePicture {
  readonly reducePicture: (
    picture: Picture & { readonly kind: string },
    facts: { readonly decode: 'full' | 'reduced'; readonly inputSize: readonly [number, number] | null },
  ) => Picture;
}

const module = new URL('../../../src/serving/page/offline/reduce-picture.js', import.meta.url).href;
const { reducePicture } = (await import(module)) as ReducePicture;

/** A JPEG with smooth and sharp parts. */
async function photograph(width: number, height: number, chromaSubsampling: '4:4:4' | '4:2:0'): Promise<Buffer> {
  const data = Buffer.alloc(width * height * 3);
  for (let i = 0; i < data.length; i += 1) {
    const [x, y, channel] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    const edge = x % 37 < 12 && y % 29 < 14 ? 70 : 0;
    data[i] = 90 + 60 * Math.sin(x / (9 + channel)) * Math.cos(y / 13) + edge * ((channel + 1) / 3);
  }
  const raw = { width, height, channels: 3 as const };
  return sharp(data, { raw }).jpeg({ quality: 90, chromaSubsampling }).toBuffer();
}

/** Pixels as TensorFlow decodes them. */
function decoded(
  bytes: Buffer,
  leastSide?: number,
): { readonly shape: readonly number[]; readonly values: Uint8Array } {
  return tf.tidy(() => {
    const image = decodeImage(stringScalar(bytes), { dtype: 'int32', leastSide });
    return { shape: image.shape, values: Uint8Array.from(image.dataSync()) };
  });
}

describe('the page makes JPEGs smaller as a model of --decode reduced does', () => {
  it.each([
    [8, 264, 256, '4:4:4', 4],
    [4, 150, 131, '4:4:4', 4],
    [2, 67, 90, '4:4:4', 4],
    [8, 256, 256, '4:2:0', 6],
    [4, 136, 128, '4:2:0', 6],
    [2, 64, 90, '4:2:0', 8],
  ] as const)('to a part of 1/%i of %i x %i pixels, %s', async (ratio, width, height, sampling, most) => {
    const bytes = await photograph(width, height, sampling);
    const full = decoded(bytes);
    const data = Uint8Array.from({ length: width * height * 4 }, (_, i) => i % 4 === 3 ? 255 : (full.values[Math.floor(i / 4) * 3 + (i % 4)] ?? 0)); // prettier-ignore
    const inputSize = [12, 16] as const;
    const small = reducePicture({ data, width, height, kind: 'JPEG' }, { decode: 'reduced', inputSize });
    const expected = decoded(bytes, 2 * 16);
    expect([small.height, small.width, 3]).toEqual(expected.shape);
    expect(small.width).toBe(Math.ceil(width / ratio));
    let largest = 0;
    expected.values.forEach((value, i) => (largest = Math.max(largest, Math.abs(value - (small.data[Math.floor(i / 3) * 4 + (i % 3)] ?? NaN))))); // prettier-ignore
    expect(largest).toBeLessThanOrEqual(most);
  });

  it('leaves alone what is small, no JPEG, or for a model that decodes in full', () => {
    const picture = { data: new Uint8Array(64 * 64 * 4), width: 64, height: 64, kind: 'JPEG' };
    expect(reducePicture(picture, { decode: 'reduced', inputSize: [12, 17] })).toBe(picture);
    expect(reducePicture(picture, { decode: 'full', inputSize: [12, 16] })).toBe(picture);
    const png = { ...picture, kind: 'PNG' };
    expect(reducePicture(png, { decode: 'reduced', inputSize: [12, 16] })).toBe(png);
  });
});
