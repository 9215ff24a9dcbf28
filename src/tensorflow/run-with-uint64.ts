import { backend, type BindingAttribute } from './backend.js';
import { DataType } from './protos/tensorflow/core/framework/types_pb.js';
import { tensorflowError } from './run-op.js';
import { bitcastId } from './tensor-value.js';
import type * as tf from './tf.js';

const { binding } = backend;

/**
 * Runs an op some of whose inputs are uint64, which TF.js lacks: they are given as pairs of int32, the lower half first.
 *
 * @param pairs Positions of the inputs that are such pairs, int32 [..., 2].
 * @returns The op's single output; the caller owns it.
 * @throws SignetError `TENSORFLOW_ERROR`.
 */
export function runWithUint64(
  op: string,
  attributes: BindingAttribute[],
  inputs: tf.Tensor[],
  pairs: readonly number[],
): tf.Tensor {
  const made: number[] = [];
  try {
    const ids = backend.getInputTensorIds(inputs).map((id, i) => {
      if (!pairs.includes(i)) return id;
      const { id: uint64 } = bitcastId(id, DataType.DT_INT32, DataType.DT_UINT64);
      made.push(uint64);
      return uint64;
    });
    const [output] = binding.executeOp(op, attributes, ids, 1);
    if (!output) throw new Error('unreachable: it has one output');
    return backend.createOutputTensor(output);
  } catch (error) {
    throw tensorflowError(op, error);
  } finally {
    made.forEach((id) => binding.deleteTensor(id));
  }
}
