import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import type { Heatmap } from '../../../src/client/explain-images.js';
import { heatmapPng } from '../../../src/evaluation/pictures/draw-heatmap.js';
import { areaSeen } from '../../../src/evaluation/pictures/heat-area.js';
import { fitImages, resizeModes } from '../../../src/ops/fit-images.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { bmp } from '../../data/samples.js';

const gray = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#808080' } });

/** A map of 8 x 8 whose heat is in its upper left quarter. */
const corner: Heatmap = {
  values: Float32Array.from({ length: 64 }, (_, i) => (i % 8 < 4 && i < 32 ? 1 : 0)),
  height: 8,
  width: 8,
  exif: 'apply',
  resize: 'squash',
};

/** Where a picture is no longer gray: one letter for each of 4 x 4 parts. */
async function covered(png: Buffer): Promise<string[]> {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  const isCovered = (row: number, column: number) => {
    const [y, x] = [Math.floor(((row + 0.5) / 4) * info.height), Math.floor(((column + 0.5) / 4) * info.width)];
    return Math.abs((data[(y * info.width + x) * 3] ?? 0) - 128) > 20;
  };
  const parts = [0, 1, 2, 3];
  return parts.map((row) => parts.map((column) => (isCovered(row, column) ? 'x' : '.')).join(''));
}

describe('a heat map over its picture', () => {
  it('covers what the model saw, stretched to the shape of the picture', async () => {
    const png = await heatmapPng(await gray(80, 40).png().toBuffer(), corner);
    expect(await sharp(png).metadata()).toMatchObject({ format: 'png', width: 80, height: 40, channels: 3 });
    expect(await covered(png)).toEqual(['xx..', 'xx..', '....', '....']);
  });

  it('leaves out what was cut off, and begins within the black that was added', async () => {
    const wide = await gray(80, 40).png().toBuffer();
    expect(await covered(await heatmapPng(wide, { ...corner, resize: 'crop' }))).toEqual([
      '.x..',
      '.x..',
      '....',
      '....',
    ]);
    const high = await gray(40, 80).png().toBuffer();
    expect(await covered(await heatmapPng(high, { ...corner, resize: 'crop' }))).toEqual([
      '....',
      'xx..',
      '....',
      '....',
    ]);
    expect(await covered(await heatmapPng(wide, { ...corner, resize: 'pad' }))).toEqual([
      'xx..',
      'xx..',
      '....',
      '....',
    ]);
  });

  it('is turned as the model turns the picture', async () => {
    const turned = await gray(80, 40).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await sharp(await heatmapPng(turned, corner)).metadata()).toMatchObject({ width: 40, height: 80 });
    const stored = await heatmapPng(turned, { ...corner, exif: 'ignore' });
    expect(await sharp(stored).metadata()).toMatchObject({ width: 80, height: 40 });
  });

  it('is drawn over a smaller copy of a large picture, and over a BMP', async () => {
    const large = await heatmapPng(await gray(3000, 1500).jpeg().toBuffer(), corner);
    expect(await sharp(large).metadata()).toMatchObject({ width: 1024, height: 512 });
    expect(await sharp(await heatmapPng(bmp({ width: 60, height: 40 }), corner)).metadata()).toMatchObject({
      width: 60,
    });
  });

  it.each(resizeModes)('lies where the model has the picture: %s', (resize) => {
    for (const [height, width] of [
      [60, 90],
      [90, 60],
      [50, 50],
      [33, 101],
    ] as const) {
      // Each pixel is its own row and column: what the model has in its middle says which part of the picture that is.
      const [rows, columns] = tf.tidy(() => {
        const picture = tf.stack([
          tf.tile(tf.reshape(tf.range(0, height), [height, 1]), [1, width]),
          tf.tile(tf.reshape(tf.range(0, width), [1, width]), [height, 1]),
        ], -1); // prettier-ignore
        const seen = fitImages(tf.expandDims(picture), [30, 20], { resize });
        return tf.unstack(tf.squeeze<tf.Tensor3D>(seen, [0]), -1).map((each) => (each as tf.Tensor2D).arraySync());
      });
      const area = areaSeen([height, width], [30, 20], resize);
      const [y, x] = [13, 11];
      expect(Math.abs(((y + 0.5) / 30) * area.height + area.top - 0.5 - (rows?.[y]?.[x] ?? NaN))).toBeLessThan(0.6);
      expect(Math.abs(((x + 0.5) / 20) * area.width + area.left - 0.5 - (columns?.[y]?.[x] ?? NaN))).toBeLessThan(0.6);
    }
  });
});
