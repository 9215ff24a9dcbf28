import { backend, type TensorMetadata } from './backend.js';
import { dataTypeOf, type DType, dtypeOf } from './data-type.js';
import { DataType } from './protos/tensorflow/core/framework/types_pb.js';

/** Elements in C order; int64 as bigints, bool as 0 and 1, strings as bytes. */
export type ElementValues = Float32Array | Int32Array | Uint8Array | BigInt64Array | readonly Uint8Array[];

/** A tensor as plain data, which can be sent between threads and put into messages as it is. */
export interface TensorValue {
  /** Type of the elements. */
  readonly dtype: DType;
  /** Sizes of the dimensions. */
  readonly shape: readonly number[];
  /** Elements, in C order. */
  readonly values: ElementValues;
}

const { binding } = backend;

/** Makes a tensor of TensorFlow's from plain data, of exactly its type, int64 and uint8 included; the caller deletes it. */
export function createTensorId({ dtype, shape, values }: TensorValue): number {
  // The binding takes int64 as pairs of int32; the memory is the same.
  const given =
    values instanceof BigInt64Array ? new Int32Array(values.buffer, values.byteOffset, values.length * 2) : values;
  return binding.createTensor([...shape], dataTypeOf(dtype), given as Int32Array);
}

/** Reads a tensor of TensorFlow's as plain data, and deletes it. */
export function takeTensorValue({ id, shape, dtype }: { id: number; shape: number[]; dtype: number }): TensorValue {
  try {
    const known = dtypeOf(dtype);
    if (known === null)
      throw new Error(`TensorFlow gave a tensor of type ${DataType[dtype]}, which Signet does not carry.`);
    return { dtype: known, shape, values: known === 'uint8' ? readUint8(id) : readValues(id) };
  } finally {
    binding.deleteTensor(id);
  }
}

/** Reads by way of int32: the binding cannot read uint8. */
function readUint8(id: number): Uint8Array {
  const { id: cast } = castId(id, DataType.DT_UINT8, DataType.DT_INT32);
  try {
    return Uint8Array.from(readValues(cast) as Int32Array);
  } finally {
    binding.deleteTensor(cast);
  }
}

function readValues(id: number): ElementValues {
  return binding.tensorDataSync(id);
}

/**
 * Casts a tensor of TensorFlow's that TF.js may have no type for; the caller deletes both.
 *
 * @param id The binding's number for the tensor.
 */
export function castId(id: number, from: DataType, to: DataType): TensorMetadata {
  const attributes = [
    { name: 'SrcT', type: binding.TF_ATTR_TYPE, value: from },
    { name: 'DstT', type: binding.TF_ATTR_TYPE, value: to },
    { name: 'Truncate', type: binding.TF_ATTR_BOOL, value: false },
  ];
  const [cast] = binding.executeOp('Cast', attributes, [id], 1);
  if (!cast) throw new Error('unreachable: Cast has one output');
  return cast;
}
