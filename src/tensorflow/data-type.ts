import { DataType } from './protos/tensorflow/core/framework/types_pb.js';

/** Element types that can cross a signature, under TensorFlow's names. */
export type DType = 'float32' | 'int32' | 'int64' | 'uint8' | 'bool' | 'string';

const byName: Readonly<Record<DType, DataType>> = {
  float32: DataType.DT_FLOAT,
  int32: DataType.DT_INT32,
  int64: DataType.DT_INT64,
  uint8: DataType.DT_UINT8,
  bool: DataType.DT_BOOL,
  string: DataType.DT_STRING,
};

/** Every element type that can cross a signature. */
export const dtypes = Object.keys(byName) as readonly DType[];

/** TensorFlow's number for a dtype. */
export function dataTypeOf(dtype: DType): DataType {
  return byName[dtype];
}

/** The dtype of TensorFlow's number, or null for one that Signet does not carry (complex64, resource, ...). */
export function dtypeOf(dataType: DataType): DType | null {
  const found = Object.entries(byName).find(([, number]) => number === dataType);
  return found ? (found[0] as DType) : null;
}

/** What a person reads: `float32`, or TensorFlow's own name where Signet has none. */
export function dataTypeName(dataType: DataType): string {
  return dtypeOf(dataType) ?? DataType[dataType].replace(/^DT_/, '').toLowerCase();
}

/** The dtype that TF.js shows a tensor of TensorFlow's type under: it has no int64 and no uint8. */
export function tfjsDtype(dtype: DType): 'float32' | 'int32' | 'bool' | 'string' {
  return dtype === 'int64' || dtype === 'uint8' ? 'int32' : dtype;
}
