import type { Size } from '../tensorflow/computed-sizes.js';
import { withListener } from '../tensorflow/mended/op-listener.js';
import { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import * as tf from '../tensorflow/tf.js';
import { attr } from '../tracing/attr-value.js';
import type { TapeValue } from '../tracing/tape-nodes.js';
import { currentTape, type Tape } from '../tracing/tape.js';

/**
 * Half of what a fraction of a size leaves, rounded down: where a central crop begins.
 *
 * The float64 arithmetic of `tf.image.central_crop` (tensorflow/python/ops/image_ops_impl.py): of 100 pixels, 0.56 leaves 43.99999999999999, so
 * 21 and not 22 pixels on either side. JavaScript computes with float64 too; TF.js has no such tensors, so the ops are recorded.
 */
export function halfOfTheRest(size: Size, fraction: number): Size {
  if (typeof size === 'number') return Math.trunc((size - size * fraction) / 2);
  const tape = currentTape();
  if (!tape) throw new Error('unreachable: a size is a tensor only while it is traced');
  const known = tape.sampleSize(size);
  const result = withListener(null, () => tf.scalar(Math.trunc((known - known * fraction) / 2), 'int32'));
  const ops = new Float64Ops(tape);
  const all = ops.cast(size, DataType.DT_INT32);
  const rest = ops.join('Sub', all, ops.join('Mul', all, ops.constant(fraction)));
  tape.record({
    op: 'Cast',
    attributes: castTo(float64, DataType.DT_INT32),
    inputs: [ops.join('Mul', rest, ops.constant(0.5))],
    outputs: [result],
  });
  return result;
}

const float64 = DataType.DT_DOUBLE;

/** Ops on float64 scalars on a tape; no TF.js tensor represents their results. */
class Float64Ops {
  constructor(private readonly tape: Tape) {}

  cast(input: tf.Tensor, from: DataType): TapeValue {
    return this.#record('Cast', [input], castTo(from, float64));
  }

  join(op: string, a: TapeValue, b: TapeValue): TapeValue {
    return this.#record(op, [a, b], { T: attr.type(float64) });
  }

  /** A number as a sum of float32 numbers: TF.js has no others, and of 53 bits each carries 24. */
  constant(value: number): TapeValue {
    const parts: number[] = [];
    for (let rest = value; rest !== 0; rest -= Math.fround(rest)) parts.push(Math.fround(rest));
    return parts
      .map((part) => this.cast(tf.scalar(part), DataType.DT_FLOAT))
      .reduce((sum, part) => this.join('AddV2', sum, part));
  }

  #record(
    op: string,
    inputs: (tf.Tensor | TapeValue)[],
    attributes: ReturnType<typeof castTo> | { T: ReturnType<typeof attr.type> },
  ) {
    // A new object stands in for storage, since there is none.
    return this.tape.record({ op, attributes, inputs, outputs: [{ dataId: {}, shape: [] }] });
  }
}

function castTo(from: DataType, to: DataType) {
  return { SrcT: attr.type(from), DstT: attr.type(to), Truncate: attr.bool(false) };
}
