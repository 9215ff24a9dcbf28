import type { TensorValue } from '../../tensorflow/tensor-value.js';
import type { Values } from './made-up-call.js';

/** How much answers to the same requests differ. */
export interface Agreement {
  /**
   * The largest difference of two numbers, as a share of the largest number in their output, or of 1 if that is more. NaN if only one of them is NaN.
   */
  readonly largestDifference: number;
  /** Share of rows whose largest number is at the same position, such as the same class, and of equal integers; null without any. */
  readonly sameAnswers: number | null;
  /** Rows and integers that were compared. */
  readonly rows: number;
  /** Number of these that are the same. */
  readonly sameRows: number;
}

/** Compares the outputs of two models; strings are left out. */
export function agreementOf(pairs: readonly (readonly [Values, Values])[]): Agreement {
  let largestDifference = 0;
  let [rows, same] = [0, 0];
  for (const [a, b] of pairs) {
    for (const [name, output] of Object.entries(a)) {
      const other = b[name];
      if (!other || output.dtype === 'string') continue;
      const [x, y] = [output.values as Float32Array, other.values as Float32Array];
      if (!/^float(?:32|64)$/.test(output.dtype)) {
        rows += x.length;
        same += x.filter((value, i) => value === y[i]).length;
        continue;
      }
      largestDifference = larger(largestDifference, differenceOf(x, y));
      const width = widthOf(output);
      for (let start = 0; width > 1 && start < x.length; start += width) {
        rows += 1;
        if (best(x, start, width) === best(y, start, width)) same += 1;
      }
    }
  }
  return { largestDifference, sameAnswers: rows === 0 ? null : same / rows, rows, sameRows: same };
}

/** NaN if one is NaN. */
function larger(a: number, b: number): number {
  return Number.isNaN(a) || Number.isNaN(b) ? NaN : Math.max(a, b);
}

function differenceOf(a: Float32Array, b: Float32Array): number {
  let [difference, largest] = [0, 1];
  for (const [i, x] of a.entries()) {
    const y = b[i] ?? NaN;
    if (Object.is(x, y)) continue;
    difference = larger(difference, Math.abs(x - y));
    largest = Math.max(largest, Math.abs(x));
  }
  return difference / largest;
}

/** Numbers per row: the last dimension, if there is one before it. */
function widthOf({ shape }: TensorValue): number {
  return shape.length > 1 ? (shape.at(-1) ?? 0) : 0;
}

function best(values: Float32Array, start: number, width: number): number {
  let at = 0;
  for (let i = 1; i < width; i += 1) {
    if ((values[start + i] ?? NaN) > (values[start + at] ?? NaN)) at = i;
  }
  return at;
}
