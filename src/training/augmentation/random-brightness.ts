import * as tf from '../../tensorflow/tf.js';
import type { Draws } from './draws.js';
import { type Factor, factorRange } from './factor.js';
import { PixelTransformation } from './transformation.js';

/** Options of `RandomBrightness`. */
export interface RandomBrightnessOptions {
  /** Change of brightness as a share of the range 0 to 255; from -1 (black) to 1 (white). */
  readonly factor: Factor;
}

/** Makes each image brighter or darker, as `keras.layers.RandomBrightness`. */
export class RandomBrightness extends PixelTransformation {
  readonly #factor: readonly [number, number];

  /** @throws SignetError `INVALID_ARGUMENT`. */
  constructor({ factor }: RandomBrightnessOptions) {
    super();
    this.#factor = factorRange("RandomBrightness's factor", factor, { min: -1, max: 1 });
  }

  override call(images: tf.Tensor4D, draws: Draws): tf.Tensor4D {
    const delta = tf.mul(draws.uniform([images.shape[0], 1, 1, 1], ...this.#factor), 255);
    return tf.clipByValue(tf.add(images, delta), 0, 255);
  }
}
