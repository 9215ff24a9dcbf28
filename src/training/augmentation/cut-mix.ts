import * as tf from '../../tensorflow/tf.js';
import type { Draws } from './draws.js';
import { type Mixed, MixingTransformation } from './mixing.js';

/** Options of `CutMix`. */
export interface CutMixOptions {
  /** Both parameters of the beta distribution of the areas, up to 8; `factor` of Keras. Default: 1, all areas equally likely. */
  readonly alpha?: number;
}

/**
 * Pastes a rectangle of another image of the batch into each image, up to half of its area, and mixes the loss with that of the other's label by the
 * areas, like `keras.layers.CutMix`.
 *
 * Source: Yun et al., https://arxiv.org/abs/1905.04899.
 */
export class CutMix extends MixingTransformation {
  /** @throws SignetError `INVALID_ARGUMENT`. */
  constructor({ alpha = 1 }: CutMixOptions = {}) {
    super(alpha);
  }

  protected override mix(images: tf.Tensor4D, others: tf.Tensor4D, weights: tf.Tensor1D, draws: Draws): Mixed {
    const [n, height, width] = images.shape;
    const share = tf.reshape(tf.sqrt(tf.sub(1, weights)), [-1, 1, 1, 1]);
    const inside = (size: number, shape: number[]) => {
      // The center may be anywhere, and whatever is beyond the edges is cut off, as in the paper.
      const center = tf.mul(draws.uniform([n, 1, 1, 1]), size);
      const half = tf.mul(share, size / 2);
      const position = tf.reshape(tf.add(tf.range(0, size), 0.5), shape);
      return tf.lessEqual(tf.abs(tf.sub(position, center)), half);
    };
    const pasted = tf.logicalAnd(inside(height, [1, -1, 1, 1]), inside(width, [1, 1, -1, 1]));
    const own = tf.sub(1, tf.mean(tf.cast(pasted, 'float32'), [1, 2, 3]));
    return { images: tf.where<tf.Tensor4D>(pasted, others, images), weights: own as tf.Tensor1D };
  }
}
