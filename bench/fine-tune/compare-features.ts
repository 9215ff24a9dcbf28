import sharp from 'sharp';

import * as tf from '../../src/tensorflow/tf.js';

/** How far features are from those that they should be. */
export interface FeatureDifference {
  /** The largest difference of a feature, as a part of the largest feature. */
  readonly relative: number;
  /** The same between two images by one model: a comparison of features that are all alike would tell nothing. */
  readonly betweenImages: number;
}

/** Compares what two models make of the same images, [n, features] each. */
export function compareFeatures(expected: tf.Tensor, received: tf.Tensor): FeatureDifference {
  return tf.tidy(() => {
    const largest = (x: tf.Tensor) => tf.max(tf.abs(x)).dataSync()[0] ?? NaN;
    const feature = largest(expected);
    return {
      relative: largest(tf.sub(expected, received)) / feature,
      betweenImages: largest(tf.sub(expected.slice(0, 1), expected.slice(1, 1))) / feature,
    };
  });
}

/** @returns the pixels of images, [n, size, size, 3], 0 to 255. The caller disposes of them. */
export async function readPixels(files: readonly string[], size: number): Promise<tf.Tensor4D> {
  const images = await Promise.all(
    files.map((file) => sharp(file).resize(size, size, { fit: 'fill' }).toColourspace('srgb').removeAlpha().raw().toBuffer()), // prettier-ignore
  );
  return tf.tensor4d(Float32Array.from(Buffer.concat(images)), [files.length, size, size, 3]);
}
