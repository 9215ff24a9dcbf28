import type * as tf from '../../tensorflow/tf.js';
import type { AffineTransform, FillOptions } from './affine-transform.js';
import type { Draws } from './draws.js';
import { type Factor, factorRange } from './factor.js';

/** Sizes of a batch of images. */
export interface ImagesShape {
  /** Number of images. */
  readonly n: number;
  /** Height in pixels. */
  readonly height: number;
  /** Width in pixels. */
  readonly width: number;
}

/** Moves pixels about. Several that follow each other are computed as one, so that images are resampled once. */
export abstract class GeometricTransformation {
  /** Distinguishes it from transformations of pixel values and of pairs. */
  readonly kind = 'geometric';

  /** @param fill How pixels from beyond the edges are filled, and how pixels are interpolated. */
  constructor(readonly fill: FillOptions = {}) {}

  /** Draws a transform for each image. */
  abstract transform(shape: ImagesShape, draws: Draws): AffineTransform;
}

/** Changes the values of pixels. */
export abstract class PixelTransformation {
  /** Distinguishes it from transformations that move pixels or mix images. */
  readonly kind = 'pixels';

  /**
   * Changes the pixels of a batch.
   *
   * @param images float32 [n, height, width, channels], 0 to 255; so is the result.
   */
  abstract call(images: tf.Tensor4D, draws: Draws): tf.Tensor4D;
}

/** Changes the values of each image's pixels by a number that is drawn for the image. */
export abstract class FactorTransformation extends PixelTransformation {
  readonly #range: readonly [number, number];

  /**
   * @param factor Range of the drawn number, within -1 to 1.
   * @throws SignetError `INVALID_ARGUMENT`.
   */
  protected constructor(factor: Factor) {
    super();
    this.#range = factorRange(`${new.target.name}'s factor`, factor, { min: -1, max: 1 });
  }

  /**
   * Changes each image by its drawn number.
   *
   * @param images float32 [n, height, width, channels], 0 to 255; so is the result.
   */
  override call(images: tf.Tensor4D, draws: Draws): tf.Tensor4D {
    return this.change(images, draws.uniform([images.shape[0], 1, 1, 1], ...this.#range));
  }

  /** @param drawn float32 [n, 1, 1, 1]. @returns float32 of the shape of `images`, 0 to 255. */
  protected abstract change(images: tf.Tensor4D, drawn: tf.Tensor): tf.Tensor4D;
}
