import * as tf from '../../tensorflow/tf.js';
import type { AffineTransform, Coefficient, FillOptions } from './affine-transform.js';
import type { Draws } from './draws.js';
import { type Factor, factorRange } from './factor.js';
import { GeometricTransformation, type ImagesShape } from './transformation.js';

/** Options of `RandomZoom`. */
export interface RandomZoomOptions extends FillOptions {
  /** Share of the height that is seen in addition: 0.2 zooms out by 20 percent, -0.2 in; more than -1, at most 1. */
  readonly heightFactor: Factor;
  /** Share of the width that is seen in addition. Default: as drawn for the height, so that nothing is distorted. */
  readonly widthFactor?: Factor;
}

/** Zooms each image about its center, like `keras.layers.RandomZoom`. */
export class RandomZoom extends GeometricTransformation {
  readonly #height: readonly [number, number];
  readonly #width: readonly [number, number] | null;

  /** @throws SignetError `INVALID_ARGUMENT`. */
  constructor({ heightFactor, widthFactor, ...fill }: RandomZoomOptions) {
    super(fill);
    const bounds = { min: -0.999, max: 1 };
    this.#height = factorRange("RandomZoom's heightFactor", heightFactor, bounds);
    this.#width = widthFactor === undefined ? null : factorRange("RandomZoom's widthFactor", widthFactor, bounds);
  }

  override transform({ n, height, width }: ImagesShape, draws: Draws): AffineTransform {
    const vertical = tf.add(draws.uniform([n], ...this.#height), 1);
    const horizontal = this.#width ? tf.add(draws.uniform([n], ...this.#width), 1) : vertical;
    return {
      a0: horizontal,
      a1: 0,
      a2: aboutCenter(horizontal, width),
      b0: 0,
      b1: vertical,
      b2: aboutCenter(vertical, height),
    };
  }
}

function aboutCenter(zoom: tf.Tensor, size: number): Coefficient {
  return tf.mul(tf.sub(1, zoom), (size - 1) / 2);
}
