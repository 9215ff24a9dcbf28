import * as tf from '../../tensorflow/tf.js';
import type { Draws } from './draws.js';
import { type Factor, factorRange } from './factor.js';
import { PixelTransformation } from './transformation.js';

/** Options of `RandomContrast`. */
export interface RandomContrastOptions {
  /** Change of contrast, from -1, which leaves only the mean, to 1, which doubles the contrast. */
  readonly factor: Factor;
}

/**
 * Changes the contrast of each image, channel by channel: `(x - mean) * (1 + drawn) + mean`, cut off to 0 to 255.
 *
 * So is `keras.layers.RandomContrast` documented. Keras 3.15 draws from 0 to f for one number; its two numbers `(lower, upper)` are
 * `[-lower, upper]` here.
 */
export class RandomContrast extends PixelTransformation {
  readonly #factor: readonly [number, number];

  /** @throws SignetError `INVALID_ARGUMENT`. */
  constructor({ factor }: RandomContrastOptions) {
    super();
    this.#factor = factorRange("RandomContrast's factor", factor, { min: -1, max: 1 });
  }

  override call(images: tf.Tensor4D, draws: Draws): tf.Tensor4D {
    const contrast = tf.add(draws.uniform([images.shape[0], 1, 1, 1], ...this.#factor), 1);
    const mean = tf.mean(images, [1, 2], true);
    return tf.clipByValue(tf.add(tf.mul(tf.sub(images, mean), contrast), mean), 0, 255);
  }
}
