import { describe, expect, it } from 'vitest';

import { fitImages, type ResizeMode, resizeModes } from '../../../src/ops/fit-images.js';
import * as tf from '../../../src/tensorflow/tf.js';

interface FitPicture {
  readonly fitPicture: (
    picture: { readonly data: Uint8Array; readonly width: number; readonly height: number },
    facts: {
      readonly inputSize: readonly [number, number] | null;
      readonly resize: ResizeMode;
      readonly antialias: boolean;
    },
  ) => { readonly pixels: Float32Array; readonly height: number; readonly width: number };
}

const module = new URL('../../../src/serving/page/offline/fit-picture.js', import.meta.url).href;
const { fitPicture } = (await import(module)) as FitPicture;

/** Noise, four bytes per pixel. */
function picture(width: number, height: number) {
  const noise = (i: number) => (Math.imul(i + 1, 2654435761) >>> 24) & 255;
  return { data: Uint8Array.from({ length: width * height * 4 }, (_, i) => noise(i)), width, height };
}

const sizes = [[28, 28], [61, 40], [40, 61], [500, 9], [9, 500], [7, 5], [1, 1], [300, 1], [224, 224]] as const; // prettier-ignore
const cases = resizeModes.flatMap((resize) => [false, true].map((antialias) => ({ resize, antialias })));

describe('the page brings pictures to the size of the model as its graph does', () => {
  it.each(cases)('$resize, antialias $antialias', ({ resize, antialias }) => {
    let largest = 0;
    for (const [width, height] of sizes) {
      const { data } = picture(width, height);
      for (const inputSize of [
        [28, 28],
        [20, 33],
      ] as const) {
        const { pixels } = fitPicture({ data, width, height }, { inputSize, resize, antialias });
        const expected = tf.tidy(() => {
          const image = tf
            .tensor4d(Float32Array.from(data), [1, height, width, 4])
            .slice([0, 0, 0, 0], [-1, -1, -1, 3]);
          return fitImages(image, inputSize, { resize, antialias }).dataSync<'float32'>();
        });
        expect(pixels).toHaveLength(expected.length);
        expected.forEach((value, i) => (largest = Math.max(largest, Math.abs(value - (pixels[i] ?? NaN)))));
      }
    }
    // Of 255.
    expect(largest).toBeLessThan(2e-3);
  });

  it('leaves a picture of its size, and any for a model that takes all sizes, as it is', () => {
    const { data } = picture(6, 4);
    const colours = data.filter((_, i) => i % 4 < 3);
    for (const inputSize of [[4, 6], null] as const) {
      const { pixels, ...size } = fitPicture(
        { data, width: 6, height: 4 },
        { inputSize, resize: 'squash', antialias: false },
      );
      expect([...pixels]).toEqual([...colours]);
      expect(size).toEqual({ width: 6, height: 4 });
    }
  });
});
