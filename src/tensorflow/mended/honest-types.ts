import { backend } from '../backend.js';
import { castId } from '../cast-id.js';
import { DataType } from '../protos/tensorflow/core/framework/types_pb.js';

/**
 * Makes every tensor that TF.js holds what TF.js says it is.
 *
 * tfjs-node calls an op's uint8 and int64 results int32 (`createOutputTensor`), and the next op fails on the difference; it
 * throws on float64 and the small types. Here they are cast to what TF.js has as they come. A tape records the same cast.
 */
const tfjsType: Readonly<Partial<Record<number, DataType>>> = {
  [DataType.DT_UINT8]: DataType.DT_INT32,
  [DataType.DT_INT64]: DataType.DT_INT32,
  [DataType.DT_INT8]: DataType.DT_INT32,
  [DataType.DT_INT16]: DataType.DT_INT32,
  [DataType.DT_UINT16]: DataType.DT_INT32,
  [DataType.DT_HALF]: DataType.DT_FLOAT,
  [DataType.DT_BFLOAT16]: DataType.DT_FLOAT,
  [DataType.DT_DOUBLE]: DataType.DT_FLOAT,
};

/** The type that TF.js gets a tensor of TensorFlow's type in. */
export function dataTypeInTfjs(dataType: DataType): DataType {
  return tfjsType[dataType] ?? dataType;
}

const createOutputTensor = backend.createOutputTensor.bind(backend);
const executeEncodeImageOp = backend.executeEncodeImageOp.bind(backend);
let isEncoding = false;

backend.createOutputTensor = (metadata) => {
  const dataType: DataType = metadata.dtype;
  const type = dataTypeInTfjs(dataType);
  if (type === dataType || isEncoding) return createOutputTensor(metadata);
  const cast = castId(metadata.id, dataType, type);
  backend.binding.deleteTensor(metadata.id);
  return createOutputTensor(cast);
};

/** `tf.node.encodePng` and `encodeJpeg` call a string uint8, so that its bytes are not read as text. */
backend.executeEncodeImageOp = (...args) => {
  isEncoding = true;
  try {
    return executeEncodeImageOp(...args);
  } finally {
    isEncoding = false;
  }
};
