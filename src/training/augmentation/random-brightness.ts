import * as tf from '../../tensorflow/tf.js';
import type { Factor } from './factor.js';
import { FactorTransformation } from './transformation.js';

/** Options of `RandomBrightness`. */
export interface RandomBrightnessOptions {
  /** Change of brightness as a share of the range 0 to 255; from -1 (black) to 1 (white). */
  readonly factor: Factor;
}

/** Makes each image brighter or darker, like `keras.layers.RandomBrightness`. */
export class RandomBrightness extends FactorTransformation {
  /** @throws SignetError `INVALID_ARGUMENT` unless `factor` is within -1 to 1. */
  constructor({ factor }: RandomBrightnessOptions) {
    super(factor);
  }

  protected override change(images: tf.Tensor4D, drawn: tf.Tensor): tf.Tensor4D {
    return tf.clipByValue(tf.add(images, tf.mul(drawn, 255)), 0, 255);
  }
}
