import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';

/** The elements of a tensor from a file. Strings are bytes; see `ElementType.toValues` for the rest. */
export type TensorValues =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Uint8Array[];

/** An element type of TensorFlow whose elements lie in memory one after another. */
export interface ElementType {
  /** Size of an element. */
  readonly bytes: number;
  /**
   * Elements as JavaScript has them. float16 and bfloat16 are widened to float32, which holds every one of them exactly;
   * bool becomes bytes of 0 and 1; the real and the imaginary part of a complex number follow each other.
   */
  readonly toValues: (buffer: ArrayBuffer) => TensorValues;
}

const float32: ElementType['toValues'] = (buffer) => new Float32Array(buffer);
const float64: ElementType['toValues'] = (buffer) => new Float64Array(buffer);
const int8: ElementType['toValues'] = (buffer) => new Int8Array(buffer);
const int16: ElementType['toValues'] = (buffer) => new Int16Array(buffer);
const int32: ElementType['toValues'] = (buffer) => new Int32Array(buffer);
const uint8: ElementType['toValues'] = (buffer) => new Uint8Array(buffer);
const uint16: ElementType['toValues'] = (buffer) => new Uint16Array(buffer);

const elementTypes: ReadonlyMap<DataType, ElementType> = new Map<DataType, ElementType>([
  [DataType.DT_FLOAT, { bytes: 4, toValues: float32 }],
  [DataType.DT_DOUBLE, { bytes: 8, toValues: float64 }],
  [DataType.DT_HALF, { bytes: 2, toValues: (buffer) => Float32Array.from(new Uint16Array(buffer), widenHalf) }],
  [DataType.DT_BFLOAT16, { bytes: 2, toValues: widenBrainFloats }],
  [DataType.DT_INT8, { bytes: 1, toValues: int8 }],
  [DataType.DT_INT16, { bytes: 2, toValues: int16 }],
  [DataType.DT_INT32, { bytes: 4, toValues: int32 }],
  [DataType.DT_INT64, { bytes: 8, toValues: (buffer) => new BigInt64Array(buffer) }],
  [DataType.DT_UINT8, { bytes: 1, toValues: uint8 }],
  [DataType.DT_UINT16, { bytes: 2, toValues: uint16 }],
  [DataType.DT_UINT32, { bytes: 4, toValues: (buffer) => new Uint32Array(buffer) }],
  [DataType.DT_UINT64, { bytes: 8, toValues: (buffer) => new BigUint64Array(buffer) }],
  [DataType.DT_BOOL, { bytes: 1, toValues: uint8 }],
  [DataType.DT_COMPLEX64, { bytes: 8, toValues: float32 }],
  [DataType.DT_COMPLEX128, { bytes: 16, toValues: float64 }],
  [DataType.DT_QINT8, { bytes: 1, toValues: int8 }],
  [DataType.DT_QINT16, { bytes: 2, toValues: int16 }],
  [DataType.DT_QINT32, { bytes: 4, toValues: int32 }],
  [DataType.DT_QUINT8, { bytes: 1, toValues: uint8 }],
  [DataType.DT_QUINT16, { bytes: 2, toValues: uint16 }],
]);

/** How the elements of a type lie in memory; `null` for strings, resources and what else has no size of its own. */
export function elementTypeOf(dataType: DataType): ElementType | null {
  return elementTypes.get(dataType) ?? null;
}

const renamed: Readonly<Record<string, string>> = { float: 'float32', double: 'float64', half: 'float16' };

/**
 * The name of any type that stands in a SavedModel, as Python says it after `tf.`: `float64`, `bfloat16`, `resource`;
 * `type 99` for one that TensorFlow 2.21 does not know.
 */
export function elementTypeName(dataType: DataType): string {
  // An enum of protocol buffers holds any number that stands in the file.
  const name = (DataType as Readonly<Record<number, string | undefined>>)[dataType];
  if (name === undefined) return `type ${dataType}`;
  const [, base = '', reference = ''] = /^DT_(.*?)(_REF)?$/.exec(name) ?? [];
  const lower = base.toLowerCase();
  return `${renamed[lower] ?? lower}${reference.toLowerCase()}`;
}

/** IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
function widenHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** A bfloat16 is the upper half of a float32. */
function widenBrainFloats(buffer: ArrayBuffer): Float32Array {
  return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer);
}
