import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { decodeAndResize } from '../../src/ops/decode-and-resize.js';
import { decodeImage } from '../../src/ops/decode-image.js';
import { stringScalar, stringVector } from '../../src/ops/strings.js';
import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import * as tf from '../../src/tensorflow/tf.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';
import { encodedImages } from '../helpers/data/encoded-images.js';

const width = 37;
const height = 23;
const rgb = Buffer.from(Array.from({ length: width * height * 3 }, (_, i) => (i * 7 + (i % 11) * 13) % 256));
const picture = () => sharp(rgb, { raw: { width, height, channels: 3 } });

/** An uncompressed BMP, rows bottom up; gray has a palette. Source: the BITMAPINFOHEADER of Windows. */
function bmp(channels: 1 | 3 | 4): Buffer {
  const stride = Math.ceil((width * channels) / 4) * 4;
  const palette =
    channels === 1 ? Buffer.concat(Array.from({ length: 256 }, (_, i) => Buffer.of(i, i, i, 0))) : Buffer.alloc(0);
  const offset = 54 + palette.length;
  const file = Buffer.alloc(offset + stride * height);
  file.write('BM');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(offset, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(channels * 8, 28);
  palette.copy(file, 54);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = offset + (height - 1 - y) * stride + x * channels;
      const from = (y * width + x) * 3;
      if (channels === 1) file[at] = rgb[from] ?? 0;
      else file.set([rgb[from + 2] ?? 0, rgb[from + 1] ?? 0, rgb[from] ?? 0, 200].slice(0, channels), at);
    }
  }
  return file;
}

const gray = Buffer.from(rgb.map((_, i) => rgb[i - (i % 3)] ?? 0));

describe('decodeImage', () => {
  it('decodes a JPEG as libjpeg-turbo does, bit for bit', async () => {
    const jpeg = await picture().jpeg({ quality: 90 }).toBuffer();
    const expected = await sharp(jpeg).raw().toBuffer();
    expect(Buffer.from(decodeImage(stringScalar(jpeg)).dataSync())).toEqual(expected);
  });

  it.each([
    ['PNG', () => picture().png().toBuffer(), rgb],
    ['PNG with alpha', () => picture().ensureAlpha(0.5).png().toBuffer(), rgb],
    ['PNG with 16 bits', () => picture().toColourspace('rgb16').png().toBuffer(), rgb],
    ['BMP with 24 bits', () => Promise.resolve(bmp(3)), rgb],
    ['BMP with 32 bits', () => Promise.resolve(bmp(4)), rgb],
    ['gray BMP', () => Promise.resolve(bmp(1)), gray],
    ['GIF of two frames', () => sharp(Buffer.concat([gray, rgb]), { raw: { width, height: height * 2, channels: 3, pageHeight: height } }).gif({ dither: 0 }).toBuffer(), null],
  ])('decodes %s', async (_, encode, expected) => {
    const image = decodeImage(stringScalar(await encode()));
    expect(image.shape).toEqual([height, width, 3]);
    if (expected) expect(Buffer.from(image.dataSync())).toEqual(expected);
  }); // prettier-ignore

  it('decodes a JPEG as small as its shorter side may become, and other formats whole', async () => {
    const large = sharp({ create: { width: 401, height: 301, channels: 3, background: 'teal' } });
    const [jpeg, png] = [stringScalar(await large.jpeg().toBuffer()), stringScalar(await large.png().toBuffer())];
    const sizeOf = (bytes: tf.Tensor, leastSide: number) => decodeImage(bytes, { leastSide }).shape.slice(0, 2);
    expect([302, 151, 150, 75, 38, 37, 1].map((leastSide) => sizeOf(jpeg, leastSide))).toEqual([[301, 401], [301, 401], [151, 201], [76, 101], [76, 101], [38, 51], [38, 51]]); // prettier-ignore
    expect(sizeOf(png, 1)).toEqual([301, 401]);
    const teal = tf.tensor1d([0, 128, 128]);
    expect(tf.max(tf.abs(tf.sub(decodeImage(jpeg, { leastSide: 37 }), teal))).dataSync()[0]).toBeLessThan(3);
  });

  it('refuses what is not an image, eager and in a graph', async () => {
    const decode = tfFunction((bytes: tf.Tensor) => decodeImage(bytes), {
      inputSignature: { bytes: tensorSpec('string', []) },
    });
    const compiled = await CompiledFunctions.compile({ decode: decode.getConcreteFunction() });
    for (const bytes of [Buffer.from('hello'), Buffer.alloc(0), (await picture().png().toBuffer()).subarray(0, 300)]) {
      expect(() => decodeImage(stringScalar(bytes))).toThrow('TensorFlow could not run DecodeImage');
      expect(() => compiled.call('decode', [stringScalar(bytes)])).toThrow('TensorFlow could not run the graph');
    }
    compiled.dispose();
  });
});

describe('decodeAndResize', () => {
  it('takes sizes and formats mixed, the same eager and compiled, and a scalar', async () => {
    const images = [...(await encodedImages()), bmp(1), bmp(3), bmp(4)];
    const decode = tfFunction((bytes: tf.Tensor) => decodeAndResize(bytes, [28, 20]), {
      inputSignature: { bytes: tensorSpec('string', null) },
    });
    const compiled = await CompiledFunctions.compile({ decode: decode.getConcreteFunction() });
    const bytes = stringVector(images);
    const eager = decodeAndResize(bytes, [28, 20]);
    expect(eager.shape).toEqual([images.length, 28, 20, 3]);
    expect(compiled.call('decode', [bytes]).output_0?.dataSync()).toEqual(eager.dataSync());
    for (const image of images) {
      const one = compiled.call('decode', [stringScalar(image)]).output_0;
      expect(one?.dataSync()).toEqual(decodeAndResize(stringScalar(image), [28, 20]).dataSync());
    }
    compiled.dispose();
  });

  it('leaves the strings that it was given alone', async () => {
    const bytes = stringVector(await encodedImages());
    const once = decodeAndResize(bytes, [8, 8]).dataSync();
    expect(decodeAndResize(bytes, [8, 8]).dataSync()).toEqual(once);
  });
});
