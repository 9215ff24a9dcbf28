import { attribute, runOp } from '../../tensorflow/run-op.js';
import * as tf from '../../tensorflow/tf.js';

/** A number, or one for each image: float32 [n]. */
export type Coefficient = number | tf.Tensor;

/**
 * Where the pixels of a transformed image come from: the one at (x, y) from (a0 x + a1 y + a2, b0 x + b1 y + b2) of the original image, in pixels,
 * with the center of the pixel at the top left at (0, 0).
 */
export interface AffineTransform {
  /** Source column per column of the result. */
  readonly a0: Coefficient;
  /** Source column per row of the result. */
  readonly a1: Coefficient;
  /** Source column of the pixel at the top left, in pixels. */
  readonly a2: Coefficient;
  /** Source row per column of the result. */
  readonly b0: Coefficient;
  /** Source row per row of the result. */
  readonly b1: Coefficient;
  /** Source row of the pixel at the top left, in pixels. */
  readonly b2: Coefficient;
}

/** Options of how a transformed image is filled and resampled, as in Keras. */
export interface FillOptions {
  /** Pixels beyond the edges. `reflect`: d c b a | a b c d | d c b a; `wrap`: a b c d | a b c d; `nearest`: a a | a b c d | d d. Default: `reflect`. */
  readonly fillMode?: 'reflect' | 'wrap' | 'constant' | 'nearest';
  /** Value of pixels beyond the edges with the fill mode `constant`, 0 to 255. Default: 0. */
  readonly fillValue?: number;
  /** Method that gives values between pixels. Default: `bilinear`. */
  readonly interpolation?: 'bilinear' | 'nearest';
}

/** Composes two transforms into one, so that images are resampled only once. */
export function composeTransforms(first: AffineTransform, second: AffineTransform): AffineTransform {
  const { a0, a1, a2, b0, b1, b2 } = first;
  const sum = (x: Coefficient, y: Coefficient, s: Coefficient, t: Coefficient) => tf.add(tf.mul(x, s), tf.mul(y, t));
  return {
    a0: sum(a0, a1, second.a0, second.b0),
    a1: sum(a0, a1, second.a1, second.b1),
    a2: tf.add(sum(a0, a1, second.a2, second.b2), a2),
    b0: sum(b0, b1, second.a0, second.b0),
    b1: sum(b0, b1, second.a1, second.b1),
    b2: tf.add(sum(b0, b1, second.a2, second.b2), b2),
  };
}

/**
 * Transforms images, each by its own coefficients.
 *
 * Source: tensorflow/core/ops/image_ops.cc, ImageProjectiveTransformV3, which Keras uses as well.
 *
 * @param images float32 [n, height, width, channels]
 */
export function transformImages(
  images: tf.Tensor4D,
  { a0, a1, a2, b0, b1, b2 }: AffineTransform,
  { fillMode = 'reflect', fillValue = 0, interpolation = 'bilinear' }: FillOptions = {},
): tf.Tensor4D {
  return tf.tidy(() => {
    const [n, height, width] = images.shape;
    const ofEach = (coefficient: Coefficient) => tf.add(tf.zeros([n]), coefficient);
    const transforms = tf.stack([a0, a1, a2, b0, b1, b2, 0, 0].map(ofEach), 1);
    const attributes = [
      attribute.type('dtype', 'float32'),
      attribute.string('interpolation', interpolation.toUpperCase()),
      attribute.string('fill_mode', fillMode.toUpperCase()),
    ];
    const size = tf.tensor1d([height, width], 'int32');
    const inputs = [images, transforms, size, tf.scalar(fillValue)];
    return runOp('ImageProjectiveTransformV3', attributes, inputs) as tf.Tensor4D;
  });
}
