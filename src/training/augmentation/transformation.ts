import type * as tf from '../../tensorflow/tf.js';
import type { AffineTransform, FillOptions } from './affine-transform.js';
import type { Draws } from './draws.js';

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
  readonly kind = 'geometric';

  constructor(readonly fill: FillOptions = {}) {}

  /** Draws a transform for each image. */
  abstract transform(shape: ImagesShape, draws: Draws): AffineTransform;
}

/** Changes the values of pixels. */
export abstract class PixelTransformation {
  readonly kind = 'pixels';

  /** @param images float32 [n, height, width, channels], 0 to 255; so is the result. */
  abstract call(images: tf.Tensor4D, draws: Draws): tf.Tensor4D;
}
