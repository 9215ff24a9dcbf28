import { SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';
import type { AffineTransform, Coefficient } from './affine-transform.js';
import type { Draws } from './draws.js';
import { GeometricTransformation, type ImagesShape } from './transformation.js';

export const flipModes = ['horizontal', 'vertical', 'horizontal_and_vertical'] as const;

/** Options of `RandomFlip`. */
export interface RandomFlipOptions {
  /** Direction: `horizontal` swaps left and right. With both, each is drawn separately. Default: `horizontal_and_vertical`. */
  readonly mode?: (typeof flipModes)[number];
}

/** Flips each image with a probability of 1/2, like `keras.layers.RandomFlip`. */
export class RandomFlip extends GeometricTransformation {
  readonly #mode: string;

  /** @throws SignetError `INVALID_ARGUMENT`. */
  constructor({ mode = 'horizontal_and_vertical' }: RandomFlipOptions = {}) {
    super();
    if (!flipModes.includes(mode)) {
      throw new SignetError(
        'INVALID_ARGUMENT',
        `RandomFlip's mode is one of ${flipModes.join(', ')}. Received: ${mode}.`,
      );
    }
    this.#mode = mode;
  }

  override transform({ n, height, width }: ImagesShape, draws: Draws): AffineTransform {
    const isFlipped = (way: string) =>
      this.#mode.includes(way) ? tf.cast(tf.lessEqual(draws.uniform([n]), 0.5), 'float32') : null;
    const [a0, a2] = flip(isFlipped('horizontal'), width);
    const [b1, b2] = flip(isFlipped('vertical'), height);
    return { a0, a1: 0, a2, b0: 0, b1, b2 };
  }
}

/** x as it is, or size - 1 - x. */
function flip(isFlipped: tf.Tensor | null, size: number): [factor: Coefficient, offset: Coefficient] {
  return isFlipped ? [tf.sub(1, tf.mul(isFlipped, 2)), tf.mul(isFlipped, size - 1)] : [1, 0];
}
