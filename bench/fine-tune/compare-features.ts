import sharp from 'sharp';

import * as tf from '../../src/tensorflow/tf.js';

/** How far features are from the expected ones. */
export interface FeatureDifference {
  /** The largest difference of a feature, relative to the largest feature. */
  readonly relative: number;
  /** The same between two images, with one model: if all features were alike, the comparison would prove nothing. */
  readonly betweenImages: number;
}

/** Compares two models' features of the same images, [n, features] each. */
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
