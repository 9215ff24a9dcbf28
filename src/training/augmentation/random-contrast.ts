import * as tf from '../../tensorflow/tf.js';
import type { Factor } from './factor.js';
import { FactorTransformation } from './transformation.js';

/** Options of `RandomContrast`. */
export interface RandomContrastOptions {
  /** Change of contrast, from -1, which leaves only the mean, to 1, which doubles the contrast. */
  readonly factor: Factor;
}

/**
 * Changes the contrast of each image, channel by channel: `(x - mean) * (1 + drawn) + mean`, cut off to 0 to 255.
 *
 * This is how `keras.layers.RandomContrast` is documented. Keras 3.15 draws from 0 to f for one number; its two numbers `(lower, upper)` are
 * `[-lower, upper]` here.
 */
export class RandomContrast extends FactorTransformation {
  /** @throws SignetError `INVALID_ARGUMENT` unless `factor` is within -1 to 1. */
  constructor({ factor }: RandomContrastOptions) {
    super(factor);
  }

  protected override change(images: tf.Tensor4D, drawn: tf.Tensor): tf.Tensor4D {
    const mean = tf.mean(images, [1, 2], true);
    return tf.clipByValue(tf.add(tf.mul(tf.sub(images, mean), tf.add(drawn, 1)), mean), 0, 255);
  }
}
