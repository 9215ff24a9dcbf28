import * as tf from '../../tensorflow/tf.js';
import type { AffineTransform, FillOptions } from './affine-transform.js';
import type { Draws } from './draws.js';
import { type Factor, factorRange } from './factor.js';
import { GeometricTransformation, type ImagesShape } from './transformation.js';

/** Options of `RandomRotation`. */
export interface RandomRotationOptions extends FillOptions {
  /** Angle as a share of a full turn, counter-clockwise; from -1 to 1. */
  readonly factor: Factor;
}

/** Turns each image about its center, like `keras.layers.RandomRotation`. */
export class RandomRotation extends GeometricTransformation {
  readonly #factor: readonly [number, number];

  /** @throws SignetError `INVALID_ARGUMENT`. */
  constructor({ factor, ...fill }: RandomRotationOptions) {
    super(fill);
    this.#factor = factorRange("RandomRotation's factor", factor, { min: -1, max: 1 });
  }

  override transform({ n, height, width }: ImagesShape, draws: Draws): AffineTransform {
    const angle = tf.mul(draws.uniform([n], ...this.#factor), 2 * Math.PI);
    const [sin, cos] = [tf.sin(angle), tf.cos(angle)];
    const [x, y] = [(width - 1) / 2, (height - 1) / 2];
    return {
      a0: cos,
      a1: tf.neg(sin),
      a2: tf.sub(tf.add(x, tf.mul(sin, y)), tf.mul(cos, x)),
      b0: sin,
      b1: cos,
      b2: tf.sub(tf.sub(y, tf.mul(sin, x)), tf.mul(cos, y)),
    };
  }
}
