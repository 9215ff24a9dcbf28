import { SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';
import { betaQuantiles } from './beta-quantiles.js';
import type { Draws } from './draws.js';

/** Images that are each mixed from two. */
export interface MixedImages {
  /** float32 [n, height, width, channels] */
  readonly images: tf.Tensor4D;
  /** int32 [n]: position in the batch of the image that each was mixed with. */
  readonly partners: tf.Tensor1D;
  /** float32 [n], from 1/2 to 1: the share of the image itself. */
  readonly weights: tf.Tensor1D;
}

/** Result of mixing images with partners that are known already. */
export type Mixed = Pick<MixedImages, 'images' | 'weights'>;

/**
 * Mixes each image with another of its batch, and the loss with that of the other's label.
 *
 * Which of the two is called the image and which the other does not matter, so the image is the one with the larger part.
 */
export abstract class MixingTransformation {
  /** Distinguishes it from transformations of single images. */
  readonly kind = 'mixing';
  readonly #quantiles: readonly number[];

  /**
   * @param alpha Both parameters of the beta distribution of the weights.
   * @throws SignetError `INVALID_ARGUMENT`.
   */
  protected constructor(alpha: number) {
    if (!(alpha > 0 && alpha <= 8)) {
      const { name } = new.target;
      throw new SignetError('INVALID_ARGUMENT', `${name}'s alpha is more than 0 and at most 8. Received: ${alpha}.`);
    }
    this.#quantiles = betaQuantiles(alpha);
  }

  /**
   * Mixes the images of a batch.
   *
   * @param images float32 [n, height, width, channels], 0 to 255; so are the mixed ones.
   */
  call(images: tf.Tensor4D, draws: Draws): MixedImages {
    const [n] = images.shape;
    const weights = this.#weights(draws.uniform([n]));
    const partners = otherOnes(n, draws.uniform([]));
    return { partners, ...this.mix(images, tf.gather(images, partners), weights, draws) };
  }

  /** @returns The mixed images, and the share of the first image in each. */
  protected abstract mix(images: tf.Tensor4D, others: tf.Tensor4D, weights: tf.Tensor1D, draws: Draws): Mixed;

  /** @param uniform float32 [n], from 0 to less than 1. */
  #weights(uniform: tf.Tensor): tf.Tensor1D {
    const table = tf.tensor1d([...this.#quantiles]);
    const position = tf.mul(uniform, this.#quantiles.length - 1);
    const knot = tf.floor(position);
    const index = tf.cast(knot, 'int32');
    const [below, above] = [tf.gather(table, index), tf.gather(table, tf.add(index, tf.scalar(1, 'int32')))];
    return tf.sub(1, tf.add(below, tf.mul(tf.sub(above, below), tf.sub(position, knot))));
  }
}

/**
 * Pairs each of n images with the one k places further on, with the same k from 1 to n - 1 for all: batches have a random order anyway.
 *
 * @param uniform float32 scalar, from 0 to less than 1.
 */
function otherOnes(n: number, uniform: tf.Tensor): tf.Tensor1D {
  // Not tf.range, because n is a size that only a call knows.
  const ones = tf.ones([n]);
  const [count, position] = [tf.sum(ones), tf.cumsum(ones, 0, true)];
  const places = tf.add(tf.floor(tf.mul(uniform, tf.sub(count, 1))), 1);
  return tf.cast(tf.mod(tf.add(position, places), count), 'int32');
}
