import { dtypeOf, layoutOf, type NumericDType, type TypedElements } from '../../tensorflow/data-type.js';
import { widenBrainFloat, widenHalf } from '../../tensorflow/half-floats.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';

/** The elements of a tensor from a file. Strings are bytes; see `ElementType.toValues` for the rest. */
export type TensorValues = TypedElements | Uint8Array[];

/** An element type of TensorFlow whose elements are in memory one after another. */
export interface ElementType {
  /** Size of an element. */
  readonly bytes: number;
  /**
   * Converts elements to JavaScript's types. float16 and bfloat16 are widened to float32, which holds every one of them exactly; bool becomes bytes
   * of 0 and 1; the real and the imaginary part of a complex number follow each other.
   */
  readonly toValues: (buffer: ArrayBuffer) => TensorValues;
}

/** The types that hold TensorFlow's quantized types, which no signature has. */
const quantized: ReadonlyMap<DataType, NumericDType> = new Map([
  [DataType.DT_QINT8, 'int8'],
  [DataType.DT_QINT16, 'int16'],
  [DataType.DT_QINT32, 'int32'],
  [DataType.DT_QUINT8, 'uint8'],
  [DataType.DT_QUINT16, 'uint16'],
]);

/** How the elements of a type are laid out in memory; `null` for strings, resources and other types without a fixed size. */
export function elementTypeOf(dataType: DataType): ElementType | null {
  const dtype = quantized.get(dataType) ?? dtypeOf(dataType);
  if (dtype === null || dtype === 'string') return null;
  const { bytes, array: Elements } = layoutOf(dtype);
  const widen = { float16: widenHalf, bfloat16: widenBrainFloat }[dtype as string];
  return {
    bytes,
    toValues: (buffer) => (widen ? Float32Array.from(new Uint16Array(buffer), widen) : new Elements(buffer)),
  };
}

const renamed: Readonly<Record<string, string>> = { float: 'float32', double: 'float64', half: 'float16' };

/**
 * The name of any type that occurs in a SavedModel, as Python writes it after `tf.`, such as `float64`, `bfloat16`, `resource`; `type 99` for one
 * that TensorFlow 2.21 does not know.
 */
export function elementTypeName(dataType: DataType): string {
  // A protocol buffers enum holds any number that is in the file.
  const name = (DataType as Readonly<Record<number, string | undefined>>)[dataType];
  if (name === undefined) return `type ${dataType}`;
  const [, base = '', reference = ''] = /^DT_(.*?)(_REF)?$/.exec(name) ?? [];
  const lower = base.toLowerCase();
  return `${renamed[lower] ?? lower}${reference.toLowerCase()}`;
}
