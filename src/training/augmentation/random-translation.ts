import * as tf from '../../tensorflow/tf.js';
import type { AffineTransform, FillOptions } from './affine-transform.js';
import type { Draws } from './draws.js';
import { type Factor, factorRange } from './factor.js';
import { GeometricTransformation, type ImagesShape } from './transformation.js';

/** Options of `RandomTranslation`. */
export interface RandomTranslationOptions extends FillOptions {
  /** Distance down as a share of the height, from -1 to 1. */
  readonly heightFactor: Factor;
  /** Distance to the right as a share of the width, from -1 to 1. */
  readonly widthFactor: Factor;
}

/** Moves each image, like `keras.layers.RandomTranslation`. */
export class RandomTranslation extends GeometricTransformation {
  readonly #height: readonly [number, number];
  readonly #width: readonly [number, number];

  /** @throws SignetError `INVALID_ARGUMENT`. */
  constructor({ heightFactor, widthFactor, ...fill }: RandomTranslationOptions) {
    super(fill);
    this.#height = factorRange("RandomTranslation's heightFactor", heightFactor, { min: -1, max: 1 });
    this.#width = factorRange("RandomTranslation's widthFactor", widthFactor, { min: -1, max: 1 });
  }

  override transform({ n, height, width }: ImagesShape, draws: Draws): AffineTransform {
    const down = tf.mul(draws.uniform([n], ...this.#height), height);
    const right = tf.mul(draws.uniform([n], ...this.#width), width);
    return { a0: 1, a1: 0, a2: tf.neg(right), b0: 0, b1: 1, b2: tf.neg(down) };
  }
}
