import { type DType, layoutOf } from '../../tensorflow/data-type.js';
import type { InferTensorContents } from '../../tensorflow/protos/inference/open_inference_pb.js';

/** The Open Inference Protocol's name of a type, and the field of a message that holds its elements one by one; null if only raw bytes can. */
interface Datatype {
  readonly name: string;
  readonly field: Exclude<keyof InferTensorContents, '$typeName' | '$unknown'> | null;
}

/** The protocol has no complex numbers: their names are Signet's. */
const datatypes: Readonly<Record<DType, Datatype>> = {
  float32: { name: 'FP32', field: 'fp32Contents' },
  float64: { name: 'FP64', field: 'fp64Contents' },
  float16: { name: 'FP16', field: null },
  bfloat16: { name: 'BF16', field: null },
  int8: { name: 'INT8', field: 'intContents' },
  int16: { name: 'INT16', field: 'intContents' },
  int32: { name: 'INT32', field: 'intContents' },
  int64: { name: 'INT64', field: 'int64Contents' },
  uint8: { name: 'UINT8', field: 'uintContents' },
  uint16: { name: 'UINT16', field: 'uintContents' },
  uint32: { name: 'UINT32', field: 'uintContents' },
  uint64: { name: 'UINT64', field: 'uint64Contents' },
  bool: { name: 'BOOL', field: 'boolContents' },
  complex64: { name: 'COMPLEX64', field: null },
  complex128: { name: 'COMPLEX128', field: null },
  string: { name: 'BYTES', field: 'bytesContents' },
};

const byName = new Map(Object.entries(datatypes).map(([dtype, { name }]) => [name, dtype as DType]));

/** Every name of a type. */
export const datatypeNames: readonly string[] = [...byName.keys()];

/** The protocol's name of a dtype. */
export function datatypeOf(dtype: DType): string {
  return datatypes[dtype].name;
}

/** The dtype of the protocol's name; null for an unknown name. */
export function dtypeOfDatatype(name: string): DType | null {
  return byName.get(name) ?? null;
}

/** The field of a message that holds a type's elements; null for a type that is only sent as raw bytes. */
export function contentsField(dtype: DType): Datatype['field'] {
  return datatypes[dtype].field;
}

/** Bytes of an element among raw bytes; null for strings, each of which has its own length. */
export function rawElementBytes(dtype: DType): number | null {
  return dtype === 'string' ? null : layoutOf(dtype).bytes;
}
