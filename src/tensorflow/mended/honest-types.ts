import { backend } from '../backend.js';
import { dataTypeOf, dtypes, layoutOf } from '../data-type.js';
import type { DataType } from '../protos/tensorflow/core/framework/types_pb.js';
import { castId } from '../tensor-value.js';
import { replaced } from './replaced.js';

/**
 * Types of TensorFlow that TF.js lacks, and the type that it gets instead.
 *
 * tfjs-node declares an op's uint8 and int64 results as int32 (`createOutputTensor`), and the next op fails on the difference; it
 * throws on float64 and the small types. Here results are cast to what TF.js has as they arrive. A tape records the same cast.
 */
const tfjsType: ReadonlyMap<DataType, DataType> = new Map(
  dtypes.map((dtype) => [dataTypeOf(dtype), dataTypeOf((dtype === 'string' ? null : layoutOf(dtype).tfjs) ?? dtype)]),
);

/** Returns the type that TF.js sees for a tensor of TensorFlow's type. */
export function dataTypeInTfjs(dataType: DataType): DataType {
  return tfjsType.get(dataType) ?? dataType;
}

let isEncoding = false;

replaced(backend, 'createOutputTensor', (createOutputTensor) => (metadata) => {
  const dataType: DataType = metadata.dtype;
  const type = dataTypeInTfjs(dataType);
  if (type === dataType || isEncoding) return createOutputTensor.call(backend, metadata);
  const cast = castId(metadata.id, dataType, type);
  backend.binding.deleteTensor(metadata.id);
  return createOutputTensor.call(backend, cast);
});

/** `tf.node.encodePng` and `encodeJpeg` declare a string as uint8, so that its bytes are not read as text. */
replaced(backend, 'executeEncodeImageOp', (executeEncodeImageOp) => (...args) => {
  isEncoding = true;
  try {
    return executeEncodeImageOp.apply(backend, args);
  } finally {
    isEncoding = false;
  }
});
