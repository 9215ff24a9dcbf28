import { SignetError } from '../errors.js';
import { DataType } from './protos/tensorflow/core/framework/types_pb.js';

/** Element types that can cross a signature, under TensorFlow's names. */
export type DType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'complex64'
  | 'complex128'
  | 'string';

/** Types whose elements are numbers of a fixed size. */
export type NumericDType = Exclude<DType, 'string'>;

/** Numbers of a tensor as JavaScript holds them. */
export type TypedElements =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** Makes the array of a type: of zeros, from numbers, or as a view of memory. */
export interface TypedElementsConstructor {
  new (length: number): TypedElements;
  new (values: ArrayLike<number> | ArrayLike<bigint>): TypedElements;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedElements;
  readonly BYTES_PER_ELEMENT: number;
}

type TfjsDType = 'float32' | 'int32' | 'bool' | 'string';

/** How the elements of a type are held. */
export interface ElementLayout {
  /** TensorFlow's number for the type. */
  readonly dataType: DataType;
  /** Size of an element in TensorFlow's memory, in bytes. */
  readonly bytes: number;
  /** What JavaScript holds them in: float32 for the two short floats, which JavaScript has no array of. It holds all of their values exactly. */
  readonly array: TypedElementsConstructor;
  /** How many numbers make up an element: the real and the imaginary part of a complex one follow each other. */
  readonly numbers: 1 | 2;
  /** What TF.js shows a tensor of the type under; null where it has nothing that holds most of the values. */
  readonly tfjs: TfjsDType | null;
}

/** The one table of types: all code that reads, writes, counts or checks elements uses it. */
const layouts: Readonly<Record<NumericDType, ElementLayout>> = {
  float32: layout(DataType.DT_FLOAT, 4, Float32Array, 'float32'),
  float64: layout(DataType.DT_DOUBLE, 8, Float64Array, 'float32'),
  float16: layout(DataType.DT_HALF, 2, Float32Array, 'float32'),
  bfloat16: layout(DataType.DT_BFLOAT16, 2, Float32Array, 'float32'),
  int8: layout(DataType.DT_INT8, 1, Int8Array, 'int32'),
  int16: layout(DataType.DT_INT16, 2, Int16Array, 'int32'),
  int32: layout(DataType.DT_INT32, 4, Int32Array, 'int32'),
  int64: layout(DataType.DT_INT64, 8, BigInt64Array, 'int32'),
  uint8: layout(DataType.DT_UINT8, 1, Uint8Array, 'int32'),
  uint16: layout(DataType.DT_UINT16, 2, Uint16Array, 'int32'),
  uint32: layout(DataType.DT_UINT32, 4, Uint32Array, null),
  uint64: layout(DataType.DT_UINT64, 8, BigUint64Array, null),
  bool: layout(DataType.DT_BOOL, 1, Uint8Array, 'bool'),
  complex64: layout(DataType.DT_COMPLEX64, 8, Float32Array, null, 2),
  complex128: layout(DataType.DT_COMPLEX128, 16, Float64Array, null, 2),
};

function layout(
  dataType: DataType,
  bytes: number,
  array: unknown,
  tfjs: TfjsDType | null,
  numbers: 1 | 2 = 1,
): ElementLayout {
  // Each constructor takes numbers or bigints; which, its type says and its caller knows.
  return { dataType, bytes, array: array as TypedElementsConstructor, numbers, tfjs };
}

const byDataType: ReadonlyMap<DataType, DType> = new Map<DataType, DType>([
  ...Object.entries(layouts).map(([dtype, { dataType }]) => [dataType, dtype as NumericDType] as const),
  [DataType.DT_STRING, 'string'],
]);

/** Every element type that can cross a signature. */
export const dtypes: readonly DType[] = [...byDataType.values()];

/** How the elements of a type are held. */
export function layoutOf(dtype: NumericDType): ElementLayout {
  return layouts[dtype];
}

/** How many entries of `TensorValue.values` an element takes. */
export function numbersOf(dtype: DType): 1 | 2 {
  return dtype === 'string' ? 1 : layouts[dtype].numbers;
}

/** TensorFlow's number for a dtype. */
export function dataTypeOf(dtype: DType): DataType {
  return dtype === 'string' ? DataType.DT_STRING : layouts[dtype].dataType;
}

/** The dtype of TensorFlow's number, or null for one that Signet does not carry (resource, variant, quantized types). */
export function dtypeOf(dataType: DataType): DType | null {
  return byDataType.get(dataType) ?? null;
}

/** Name for people: `float32`, or TensorFlow's own name where Signet has none. */
export function dataTypeName(dataType: DataType): string {
  return dtypeOf(dataType) ?? tensorflowName(dataType);
}

/** Name in TensorFlow's messages (`DataTypeString`): `float`, `half`, `int32`. */
export function tensorflowName(dataType: DataType): string {
  return DataType[dataType].replace(/^DT_/, '').toLowerCase();
}

/**
 * The dtype that TF.js shows a tensor of TensorFlow's type under: it has no int64 and no uint8.
 *
 * @throws SignetError `NOT_TRACEABLE` for a type that it has nothing for.
 */
export function tfjsDtype(dtype: DType): TfjsDType {
  const found = dtype === 'string' ? 'string' : layouts[dtype].tfjs;
  if (found !== null) return found;
  const message = `TF.js has no tensors of type ${dtype}: no tf function can take or give one. A model of Python's with that type can be served, and called with plain data.`;
  throw new SignetError('NOT_TRACEABLE', message);
}
