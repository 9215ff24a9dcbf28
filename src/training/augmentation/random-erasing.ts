import { SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';
import type { Draws } from './draws.js';
import { PixelTransformation } from './transformation.js';

/** Options of `RandomErasing`. */
export interface RandomErasingOptions {
  /** Probability that an image is changed, from 0 to 1; with two numbers it is drawn between them. Default: 1. */
  readonly factor?: number | readonly [lower: number, upper: number];
  /**
   * Range of the erased rectangle's squared sides, as a share of the image's: height and width are each the root of a draw. From 0 to 1. Default:
   * [0.02, 0.33].
   */
  readonly scale?: readonly [lower: number, upper: number];
  /** Value of the erased pixels, from 0 to 255. Default: noise. */
  readonly fillValue?: number;
}

/**
 * Erases a rectangle of each image, like `keras.layers.RandomErasing`; with one scale and one value it is Cutout. A single `factor` is the
 * probability itself, whereas Keras draws it from 0 up to that.
 *
 * Source: Zhong et al., https://arxiv.org/abs/1708.04896; DeVries and Taylor, https://arxiv.org/abs/1708.04552.
 */
export class RandomErasing extends PixelTransformation {
  readonly #factor: readonly [number, number];
  readonly #scale: readonly [number, number];
  readonly #fillValue: number | undefined;

  /** @throws SignetError `INVALID_ARGUMENT`. */
  constructor({ factor = 1, scale = [0.02, 0.33], fillValue }: RandomErasingOptions = {}) {
    super();
    this.#factor = partOfOne('factor', typeof factor === 'number' ? [factor, factor] : factor);
    this.#scale = partOfOne('scale', scale);
    this.#fillValue = fillValue;
    if (fillValue === undefined || (fillValue >= 0 && fillValue <= 255)) return;
    throw invalid('fillValue', 'is a number from 0 to 255', String(fillValue));
  }

  /**
   * Erases a rectangle of each image that is drawn for it.
   *
   * @param images float32 [n, height, width, channels], 0 to 255; so is the result.
   */
  override call(images: tf.Tensor4D, draws: Draws): tf.Tensor4D {
    const [n, height, width] = images.shape;
    const inside = (size: number, shape: number[]) => {
      const length = tf.mul(tf.sqrt(draws.uniform([n, 1, 1, 1], ...this.#scale)), size);
      const start = tf.mul(draws.uniform([n, 1, 1, 1]), tf.sub(size, length));
      const position = tf.reshape(tf.range(0, size), shape);
      return tf.logicalAnd(tf.greaterEqual(position, start), tf.less(position, tf.add(start, length)));
    };
    const rectangle = tf.logicalAnd(inside(height, [1, -1, 1, 1]), inside(width, [1, 1, -1, 1]));
    const isErased = tf.less(draws.uniform([n, 1, 1, 1]), draws.uniform([n, 1, 1, 1], ...this.#factor));
    return tf.where(tf.logicalAnd(rectangle, isErased), this.#fill(images, draws), images) as tf.Tensor4D;
  }

  #fill(images: tf.Tensor4D, draws: Draws): tf.Tensor {
    if (this.#fillValue !== undefined) return tf.scalar(this.#fillValue);
    return tf.clipByValue(tf.mul(draws.normal(images.shape), 255), 0, 255);
  }
}

function partOfOne(name: string, range: readonly [number, number]): readonly [number, number] {
  if (0 <= range[0] && range[0] <= range[1] && range[1] <= 1) return range;
  throw invalid(name, 'is from 0 to 1, the smaller number first', range.join(', '));
}

function invalid(name: string, rule: string, received: string): SignetError {
  return new SignetError('INVALID_ARGUMENT', `RandomErasing's ${name} ${rule}. Received: ${received}.`);
}
