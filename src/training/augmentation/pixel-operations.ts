import { SignetError } from '../../errors.js';
import { attribute, runOp } from '../../tensorflow/run-op.js';
import * as tf from '../../tensorflow/tf.js';

/** Images with one number each: float32 [n, 1, 1, 1]. */
export type PerImage = tf.Tensor;

/** @returns Luminance by ITU-R 601, as torchvision and TensorFlow have it: float32 [n, height, width, 1]. */
export function luminance(images: tf.Tensor4D): tf.Tensor4D {
  assertRgb(images);
  return tf.sum(tf.mul(images, tf.tensor1d([0.2989, 0.587, 0.114])), 3, true);
}

/** @returns The mean luminance of each image. */
export function meanLuminance(images: tf.Tensor4D): PerImage {
  return tf.mean(luminance(images), [1, 2, 3], true);
}

/** Blends images with others, and past them for factors above 1: `other + (image - other) * factor`, from 0 to 255. */
export function blended(images: tf.Tensor4D, other: tf.Tensor | number, factor: PerImage): tf.Tensor4D {
  return tf.clipByValue(tf.add(other, tf.mul(tf.sub(images, other), factor)), 0, 255);
}

/** Softens images with a filter whose center has a weight of 5/13; the outermost pixels do not change, as in torchvision and PIL. */
export function softened(images: tf.Tensor4D): tf.Tensor {
  const [, height, width, channels] = images.shape;
  const weights = [1, 1, 1, 1, 5, 1, 1, 1, 1].map((weight) => weight / 13);
  const filter = tf.tile(tf.reshape<tf.Rank.R4>(tf.tensor1d(weights), [3, 3, 1, 1]), [1, 1, channels, 1]);
  const soft = tf.depthwiseConv2d(images, filter, 1, 'same');
  const inside = (size: number, shape: number[]) => {
    const position = tf.reshape(tf.range(0, size), shape);
    return tf.logicalAnd(tf.greater(position, 0), tf.less(position, size - 1));
  };
  return tf.where(tf.logicalAnd(inside(height, [1, -1, 1, 1]), inside(width, [1, 1, -1, 1])), soft, images);
}

/** Stretches each channel of each image to the range 0 to 255; a uniform channel does not change. */
export function autoContrasted(images: tf.Tensor4D): tf.Tensor {
  const [least, most] = [tf.min(images, [1, 2], true), tf.max(images, [1, 2], true)];
  const range = tf.sub(most, least);
  const stretched = tf.mul(tf.sub(images, least), tf.div(255, tf.maximum(range, 1e-6)));
  return tf.where(tf.greater(range, 1e-3), stretched, images);
}

/**
 * Gives each channel of each image an even histogram, in 256 steps.
 *
 * Source: torchvision/transforms/_functional_tensor.py, `_scale_channel`, which follows PIL's `ImageOps.equalize`.
 */
export function equalized(images: tf.Tensor4D): tf.Tensor4D {
  const [, height, width, channels] = images.shape;
  const values = tf.cast(tf.reshape<tf.Rank.R2>(tf.transpose(images, [0, 3, 1, 2]), [-1, height * width]), 'int32');
  const changed = tf.gather(tf.reshape(evenTable(values, height * width), [-1]), tf.add(values, rowStarts(values)));
  return tf.transpose(tf.reshape<tf.Rank.R4>(changed, [-1, channels, height, width]), [0, 2, 3, 1]);
}

/**
 * @param values int32 [rows, pixels], 0 to 255.
 * @returns The new value of each value in each row: float32 [rows, 256].
 */
function evenTable(values: tf.Tensor2D, pixels: number): tf.Tensor {
  const histogram = histogramOf(values);
  const bins = tf.range(0, 256);
  const highest = tf.max(tf.mul(tf.cast(tf.greater(histogram, 0), 'float32'), bins), 1, true);
  // The highest value does not affect the size of a step.
  const ofHighest = tf.sum(tf.mul(histogram, tf.cast(tf.equal(bins, highest), 'float32')), 1, true);
  const step = tf.floor(tf.div(tf.sub(pixels, ofHighest), 255));
  const divisor = tf.maximum(step, 1);
  const table = tf.floor(tf.div(tf.add(tf.cumsum(histogram, 1, true), tf.floor(tf.div(divisor, 2))), divisor));
  return tf.where(tf.greater(step, 0), tf.clipByValue(table, 0, 255), tf.add(tf.zerosLike(table), bins));
}

/** @param values int32 [rows, n]. @returns How often each value from 0 to 255 occurs in each row: float32 [rows, 256]. */
function histogramOf(values: tf.Tensor2D): tf.Tensor2D {
  const attributes = [
    attribute.type('Tidx', 'int32'),
    attribute.type('T', 'float32'),
    attribute.bool('binary_output', false),
  ];
  return runOp('DenseBincount', attributes, [values, tf.scalar(256, 'int32'), tf.tensor1d([])]) as tf.Tensor2D;
}

/** Where the 256 values of each row begin in a table of all rows: int32 [rows, 1]. */
function rowStarts(values: tf.Tensor2D): tf.Tensor {
  // Not tf.range, because only a call knows the number of rows.
  const ones = tf.onesLike(tf.slice(values, [0, 0], [-1, 1]));
  return tf.mul(tf.cumsum(ones, 0, true), tf.scalar(256, 'int32'));
}

function assertRgb({ shape }: tf.Tensor4D): void {
  if (shape[3] === 3) return;
  throw new SignetError('INVALID_ARGUMENT', `Colors are changed in images of 3 channels. Received: ${shape[3]}.`);
}
