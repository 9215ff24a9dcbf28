import { attribute, runOp } from '../tensorflow/run-op.js';
import type * as tf from '../tensorflow/tf.js';

/** How numbers are written. */
export interface AsStringOptions {
  /** Digits after the point, for float32. Default: those of `%g`, 6 significant digits in all. */
  readonly precision?: number;
  /** Whether to write 1.5e+03. Default: false. */
  readonly scientific?: boolean;
  /** Minimum width, filled up on the left. Default: none. */
  readonly width?: number;
  /** Character that fills up to the width, such as `0`. Default: a space. */
  readonly fill?: string;
}

/**
 * Writes each number or bool as text, as `tf.strings.as_string` does.
 *
 * @returns string of the same shape.
 */
export function asString(x: tf.Tensor, options: AsStringOptions = {}): tf.Tensor {
  const { precision = -1, scientific = false, width = -1, fill = '' } = options;
  const attributes = [
    attribute.type('T', x.dtype),
    attribute.int('precision', precision),
    attribute.bool('scientific', scientific),
    attribute.bool('shortest', false),
    attribute.int('width', width),
    attribute.string('fill', fill),
  ];
  return runOp('AsString', attributes, [x]);
}
