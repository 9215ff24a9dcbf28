import { exactQuotient, type Size } from '../tensorflow/computed-sizes.js';
import * as tf from '../tensorflow/tf.js';

/** A float32 number: JavaScript's, rounded to it, or a scalar. TensorFlow computes the scale in float32. */
export type Float = number | { readonly scalar: tf.Tensor };

function toFloat(size: Size | Float): tf.Tensor {
  if (typeof size === 'number') return tf.scalar(size);
  return 'scalar' in size ? size.scalar : tf.cast(size, 'float32');
}

function float(
  a: Size | Float,
  b: Size | Float,
  ofNumbers: (a: number, b: number) => number,
  ofTensors: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
): Float {
  if (typeof a === 'number' && typeof b === 'number') return Math.fround(ofNumbers(Math.fround(a), Math.fround(b)));
  return { scalar: ofTensors(toFloat(a), toFloat(b)) };
}

/** `a / b`, 0 where `b` is 0. */
export function quotient(a: Size | Float, b: Size | Float): Float {
  return float(a, b, (x, y) => (y === 0 ? 0 : x / y), exactQuotient);
}

/** `a - b`. */
export function difference(a: Size | Float, b: Size | Float): Float {
  return float(a, b, (x, y) => x - y, tf.sub);
}

/** The larger one. */
export function maximum(a: Float, b: Float): Float {
  return float(a, b, Math.max, tf.maximum);
}

/** `a / 2`. */
export function half(a: Float): Float {
  return quotient(a, 2);
}

/** Rounded down to a size. */
export function floor(a: Float): Size {
  return typeof a === 'number' ? Math.floor(a) : tf.cast(tf.floor(a.scalar), 'int32');
}
