import { SignetError } from '../errors.js';
import { type Size, sizeTensor } from '../tensorflow/computed-sizes.js';
import type * as tf from '../tensorflow/tf.js';

export type { Size };

/**
 * A size of a tensor as a tensor, as `tf.shape(x)[axis]` in Python: in a graph, the size that the call brings.
 *
 * `x.shape[axis]` is a number, which JavaScript computes with while a function is traced; where no formula explains the result, it is
 * refused. What is computed from this tensor (`tf.floorDiv`, `tf.minimum`, `tf.where`, ...) is computed by the graph.
 *
 * @param axis From -rank to rank - 1; -1 is the last one.
 * @returns int32 scalar.
 * @throws SignetError `INVALID_ARGUMENT` for an axis that `x` does not have.
 *
 * @example
 * ```ts
 * const shorter = tf.minimum(sizeOf(images, 1), sizeOf(images, 2));
 * const squares = cropTo(images, [shorter, shorter]);
 * ```
 */
export function sizeOf(x: tf.Tensor, axis: number): tf.Scalar {
  const position = axis < 0 ? axis + x.rank : axis;
  if (Number.isInteger(axis) && position >= 0 && position < x.rank) return sizeTensor(x, position);
  throw new SignetError(
    'INVALID_ARGUMENT',
    `sizeOf takes an axis from ${-x.rank} to ${x.rank - 1} of a tensor of rank ${x.rank}. Received: ${axis}.`,
  );
}
