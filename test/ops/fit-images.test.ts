import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { decodeAndResize } from '../../src/ops/decode-and-resize.js';
import { fitImages, resizeModes } from '../../src/ops/fit-images.js';
import { stringVector } from '../../src/ops/strings.js';
import * as tf from '../../src/tensorflow/tf.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';
import { encodedImages } from '../helpers/data/encoded-images.js';
import { exifSegment, tiffWith, withSegments } from '../helpers/data/exif-files.js';
import { expectSameByEveryRoad } from '../helpers/same-by-every-road.js';

const ways = resizeModes.flatMap((resize) => [false, true].map((antialias) => ({ resize, antialias })));

/** A picture of columns of 0, 1, 2, ..., [1, height, width, 1]. */
function columns(height: number, width: number): tf.Tensor4D {
  return tf.tidy(() => tf.tile(tf.reshape(tf.range(0, width), [1, 1, width, 1]), [1, height, 1, 1]));
}

describe('fitImages', () => {
  it('crops what is too wide or too high, on both sides', () => {
    expect(fitImages(columns(2, 8), [2, 4], { resize: 'crop' }).arraySync()[0]?.[0]).toEqual([[2], [3], [4], [5]]);
    expect(fitImages(columns(9, 2), [2, 2], { resize: 'crop' }).arraySync()[0]).toEqual(columns(2, 2).arraySync()[0]);
  });

  it('pads with black on both sides', () => {
    const wide = fitImages(tf.ones([1, 2, 6, 1]), [6, 6], { resize: 'pad' });
    expect(tf.mean(wide, [2, 3]).arraySync()).toEqual([[0, 0, 1, 1, 0, 0]]);
    const high = fitImages(tf.ones([1, 6, 2, 1]), [6, 6], { resize: 'pad' });
    expect(tf.mean(high, [1, 3]).arraySync()).toEqual([[0, 0, 1, 1, 0, 0]]);
  });

  it('smooths by all pixels', () => {
    const board = tf.tidy<tf.Tensor4D>(() =>
      tf.mod(tf.add(columns(8, 8), tf.reshape(tf.range(0, 8), [1, 8, 1, 1])), 2),
    );
    const plain = fitImages(board, [2, 2]);
    const smooth = fitImages(board, [2, 2], { antialias: true });
    expect(Math.max(...smooth.dataSync())).toBeCloseTo(0.5, 1);
    expect([...plain.dataSync()]).toEqual([0.5, 0.5, 0.5, 0.5]);
    expect(fitImages(board, [8, 8], { antialias: true }).dataSync()).toEqual(board.dataSync());
  });

  it('takes little memory for a picture of one row', () => {
    const row = tf.ones<tf.Rank.R4>([1, 1, 50_000, 3]);
    expect(tf.max(fitImages(row, [16, 16], { resize: 'pad' })).dataSync()[0]).toBeLessThanOrEqual(1);
  });

  it.each(ways)(
    'is the same eager, compiled and reloaded at many sizes: $resize, antialias $antialias',
    async (way) => {
      const fit = tfFunction((x: tf.Tensor) => fitImages(x as tf.Tensor4D, [12, 7], way), {
        inputSignature: { x: tensorSpec('float32', [null, null, null, 3]) },
      });
      const sizes = [[12, 7], [24, 14], [5, 40], [40, 5], [1, 1], [33, 90], [200, 3]] as const; // prettier-ignore
      await expectSameByEveryRoad(
        fit,
        sizes.map(([height, width]) => [tf.randomUniform([2, height, width, 3], 0, 255, 'float32', 1)]),
      );
    },
  );

  it('has the gradient of smoothing', () => {
    const gradient = tf.grad((x) => tf.sum(fitImages(x as tf.Tensor4D, [1, 2], { antialias: true })))(columns(2, 4));
    expect(tf.sum(gradient).dataSync()[0]).toBeCloseTo(2, 5);
  });
});

describe('decodeAndResize', () => {
  // Each is traced for seven branches.
  it.each([ways[0], ways[3], ways[4]])('fits and turns images of all formats and sizes, the same by every way: %o', async (way) => {
    const jpeg = await sharp({ create: { width: 30, height: 11, channels: 3, background: 'tan' } }).jpeg().toBuffer();
    const turned = [2, 5, 6].map((orientation) => withSegments(jpeg, exifSegment(tiffWith(orientation))));
    const decode = tfFunction((bytes: tf.Tensor) => decodeAndResize(bytes, [10, 16], way), {
      inputSignature: { bytes: tensorSpec('string', [null]) },
    });
    await expectSameByEveryRoad(decode, [[stringVector([...(await encodedImages()), ...turned])]]);
  }); // prettier-ignore

  it('gives nearly the same of large JPEGs that are decoded at a part of their size, the same by every way', async () => {
    const gradient = Buffer.from(Array.from({ length: 160 * 120 * 3 }, (_, i) => (Math.floor(i / 3) % 160) + (i % 3) * 30)); // prettier-ignore
    const picture = sharp(gradient, { raw: { width: 160, height: 120, channels: 3 } });
    const jpeg = await picture.jpeg({ quality: 95 }).toBuffer();
    const turned = [3, 6].map((orientation) => withSegments(jpeg, exifSegment(tiffWith(orientation))));
    const files = stringVector([jpeg, ...turned, ...(await encodedImages())]);
    const decode = tfFunction((bytes: tf.Tensor) => decodeAndResize(bytes, [10, 16], { decode: 'reduced' }), {
      inputSignature: { bytes: tensorSpec('string', [null]) },
    });
    await expectSameByEveryRoad(decode, [[files]]);
    const [reduced, full] = (['reduced', 'full'] as const).map((way) => decodeAndResize(files, [10, 16], { decode: way }).slice(0, 3)); // prettier-ignore
    expect(tf.max(tf.abs(tf.sub(reduced ?? 0, full ?? 0))).dataSync()[0]).toBeLessThan(4);
  });

  it('turns before it fits', async () => {
    const [width, height] = [40, 20];
    const gradient = Buffer.from(Array.from({ length: width * height * 3 }, (_, i) => (i * 31) % 256));
    const png = await sharp(gradient, { raw: { width, height, channels: 3 } }).withMetadata({ orientation: 6 }).png().toBuffer(); // prettier-ignore
    const upright = await sharp(png).autoOrient().png().toBuffer();
    for (const way of ways) {
      const [ours, expected] = [png, upright].map((file) => decodeAndResize(stringVector([file]), [16, 9], way));
      const difference = tf.max(tf.abs(tf.sub(ours ?? 0, expected ?? 0))).dataSync()[0];
      expect(difference).toBeLessThan(1e-4);
    }
  });
});
