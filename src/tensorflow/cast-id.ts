import { backend } from './backend.js';
import type { DataType } from './protos/tensorflow/core/framework/types_pb.js';

const { binding } = backend;

/**
 * Casts a tensor that TF.js may have no type for, by TensorFlow's own handles: the caller owns both tensors.
 *
 * @param id What the binding calls the tensor.
 */
export function castId(id: number, from: DataType, to: DataType) {
  const attributes = [
    { name: 'SrcT', type: binding.TF_ATTR_TYPE, value: from },
    { name: 'DstT', type: binding.TF_ATTR_TYPE, value: to },
    { name: 'Truncate', type: binding.TF_ATTR_BOOL, value: false },
  ];
  const [cast] = binding.executeOp('Cast', attributes, [id], 1);
  if (!cast) throw new Error('unreachable: Cast has one output');
  return cast;
}
