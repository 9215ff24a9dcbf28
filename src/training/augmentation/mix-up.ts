import * as tf from '../../tensorflow/tf.js';
import { type Mixed, type MixedImages, MixingTransformation } from './mixing.js';

/** Options of `MixUp`. */
export interface MixUpOptions {
  /** Both parameters of the beta distribution of the weights, up to 8: the larger, the more is mixed. Default: 0.2. */
  readonly alpha?: number;
}

/**
 * Mixes each image with another of its batch, pixel by pixel, and the loss with that of the other's label, like `keras.layers.MixUp`.
 *
 * Source: Zhang et al., https://arxiv.org/abs/1710.09412.
 */
export class MixUp extends MixingTransformation {
  /** @throws SignetError `INVALID_ARGUMENT`. */
  constructor({ alpha = 0.2 }: MixUpOptions = {}) {
    super(alpha);
  }

  protected override mix(images: tf.Tensor4D, others: tf.Tensor4D, weights: tf.Tensor1D): Mixed {
    const weight = tf.reshape(weights, [-1, 1, 1, 1]);
    const mixed: MixedImages['images'] = tf.add(tf.mul(images, weight), tf.mul(others, tf.sub(1, weight)));
    return { images: mixed, weights };
  }
}
