import { create } from '@bufbuild/protobuf';

import { SignetError } from '../../errors.js';
import {
  dataTypeName,
  dataTypeOf,
  type DType,
  dtypeOf,
  layoutOf,
  type NumericDType,
  type TypedElements,
} from '../../tensorflow/data-type.js';
import { brainFloatBits, halfBits, widenBrainFloat, widenHalf } from '../../tensorflow/half-floats.js';
import { type TensorProto, TensorProtoSchema } from '../../tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type { ElementValues, TensorValue } from '../../tensorflow/tensor-value.js';

/** Limits for reading a tensor. */
export interface TensorProtoLimits {
  /** Maximum number of bytes that the tensor may take in memory, which its message may be much smaller than. Default: 256 MiB. */
  readonly maxBytes?: number;
}

/** How a tensor is written. */
export interface TensorProtoOptions {
  /** Elements as raw bytes in `tensor_content` rather than in a typed field; strings never. Default: false. */
  readonly asContent?: boolean;
}

/** TensorFlow's `TensorShape::MaxDimensions`. */
const maxDimensions = 254;
const defaultMaxBytes = 256 * 2 ** 20;
/** Overhead of a string, in bytes (TensorFlow's tstring). */
const stringBytes = 24;
/** The field that holds a type's elements one by one; complex ones as pairs, the two short floats as their bits. */
const fields = {
  float32: 'floatVal',
  float64: 'doubleVal',
  float16: 'halfVal',
  bfloat16: 'halfVal',
  int8: 'intVal',
  int16: 'intVal',
  int32: 'intVal',
  int64: 'int64Val',
  uint8: 'intVal',
  uint16: 'intVal',
  uint32: 'uint32Val',
  uint64: 'uint64Val',
  bool: 'boolVal',
  complex64: 'scomplexVal',
  complex128: 'dcomplexVal',
  string: 'stringVal',
} as const satisfies Readonly<Record<DType, keyof TensorProto>>;
/** Converts the bits of the short floats to numbers, and numbers to their bits. */
const shortFloats: ReadonlyMap<DType, { widen: (bits: number) => number; bits: (value: number) => number }> = new Map([
  ['float16', { widen: widenHalf, bits: halfBits }],
  ['bfloat16', { widen: widenBrainFloat, bits: brainFloatBits }],
]);

/**
 * Reads an untrusted TensorProto.
 *
 * The elements are in `tensor_content` (little-endian, as many as the shape has), else in the field of the type: if fewer than the shape has, the
 * last is repeated; if none, all are zero; excess elements are ignored. Source: `Tensor::FromProto` and `FromProtoField` in
 * tensorflow/core/framework/tensor.cc. Strings are read from `string_val` alone.
 *
 * Where alignment allows, the elements are a view into the message's memory.
 *
 * @throws SignetError `INVALID_ARGUMENT` that says what is wrong with the message.
 */
export function tensorValueOf(proto: TensorProto, { maxBytes = defaultMaxBytes }: TensorProtoLimits = {}): TensorValue {
  const dtype = dtypeOf(proto.dtype);
  if (dtype === null) throw invalid(`a tensor of type ${typeName(proto.dtype)}`, 'one of a type that Signet carries');
  const { shape, count } = readShape(proto, Math.floor(maxBytes / heldBytes(dtype)), maxBytes);
  if (proto.tensorContent.length > 0 && count > 0) {
    return { dtype, shape, values: readContent(dtype, proto.tensorContent, count) };
  }
  return { dtype, shape, values: dtype === 'string' ? strings(proto, count, maxBytes) : typed(dtype, proto, count) };
}

/** Writes a TensorProto, by default as TensorFlow's `AsProtoField` does. */
export function toTensorProto(value: TensorValue, { asContent = false }: TensorProtoOptions = {}): TensorProto {
  const { dtype, shape, values } = value;
  const proto = create(TensorProtoSchema, {
    dtype: dataTypeOf(dtype),
    tensorShape: { dim: shape.map((size) => ({ size: BigInt(size) })) },
  });
  if (dtype === 'string' || !asContent) return Object.assign(proto, { [fields[dtype]]: fieldValues(dtype, values) });
  return Object.assign(proto, { tensorContent: contentBytes(dtype, values) });
}

/** Elements as they are in TensorFlow's memory, little-endian: a view of the values where these are the same. */
export function contentBytes(dtype: NumericDType, values: ElementValues): Uint8Array<ArrayBuffer> {
  const short = shortFloats.get(dtype);
  const held = short ? Uint16Array.from(values as Float32Array, short.bits) : (values as TypedElements);
  return new Uint8Array(held.buffer as ArrayBuffer, held.byteOffset, held.byteLength);
}

/** The encoder only walks through the values: a typed array works as well as the array that the types ask for. */
function fieldValues(dtype: DType, values: ElementValues): unknown {
  const short = shortFloats.get(dtype);
  if (short) return Array.from(values as Float32Array, short.bits);
  return dtype === 'bool' ? Array.from(values as Uint8Array, (value) => value !== 0) : values;
}

/** Size of an element in JavaScript's memory, in bytes. */
function heldBytes(dtype: DType): number {
  if (dtype === 'string') return stringBytes;
  const { array, numbers } = layoutOf(dtype);
  return array.BYTES_PER_ELEMENT * numbers;
}

/** The product is bounded even where a size of 0 leaves nothing, so that no product of TensorFlow's overflows. */
function readShape({ tensorShape }: TensorProto, maxCount: number, maxBytes: number) {
  const { unknownRank = false, dim = [] } = tensorShape ?? {};
  if (unknownRank) throw invalid('a shape of unknown rank', 'the size of every dimension');
  if (dim.length > maxDimensions) throw invalid(`${dim.length} dimensions`, `${maxDimensions} at most`);
  let bound = 1;
  const shape = dim.map(({ size }) => {
    if (size < 0n) throw invalid(`a dimension of size ${size}`, 'sizes that are not negative');
    bound *= Math.max(Number(size), 1);
    if (bound > maxCount) throw tooLarge(maxBytes);
    return Number(size);
  });
  if (bound > maxCount) throw tooLarge(maxBytes);
  return { shape, count: shape.includes(0) ? 0 : bound };
}

function readContent(dtype: DType, content: Uint8Array, count: number): ElementValues {
  if (dtype === 'string') throw invalid('strings in tensor_content', 'them in string_val');
  const { bytes } = layoutOf(dtype);
  if (content.length === count * bytes) return contentValues(dtype, content, count);
  const received = `${content.length} bytes in tensor_content`;
  throw invalid(received, `${count * bytes} for the ${count} elements of the shape`);
}

/**
 * The opposite of `contentBytes`: a view where alignment allows. Every machine that Signet runs on has its numbers in little-endian order.
 *
 * @param content Exactly as many bytes as the elements take.
 */
export function contentValues(dtype: NumericDType, content: Uint8Array, count: number): ElementValues {
  if (dtype === 'uint8') return content;
  if (dtype === 'bool') return content.some((byte) => byte > 1) ? content.map((byte) => Number(byte !== 0)) : content;
  const { array: Elements, numbers } = layoutOf(dtype);
  const short = shortFloats.get(dtype);
  const size = short ? 2 : Elements.BYTES_PER_ELEMENT;
  const { buffer, byteOffset } = content.byteOffset % size === 0 ? content : new Uint8Array(content);
  if (short) return Float32Array.from(new Uint16Array(buffer, byteOffset, count), short.widen);
  return new Elements(buffer, byteOffset, count * numbers);
}

function typed(dtype: NumericDType, proto: TensorProto, count: number): ElementValues {
  const { array: Elements, numbers } = layoutOf(dtype);
  const values = new Elements(count * numbers) as Float32Array;
  const short = shortFloats.get(dtype);
  const all = proto[fields[dtype]] as readonly number[];
  // Half a complex number does not count.
  const listed = firstOf(all, Math.min(values.length, all.length - (all.length % numbers)));
  const given = short ? listed.map(short.widen) : listed;
  // Bools become 0 and 1 on their way in.
  values.set(given);
  for (let i = 0; i < numbers && given.length > 0; i += 1)
    fillFrom(values, given.length + i, numbers, given.at(i - numbers));
  return values;
}

/** Every `step`th value from a position on. */
function fillFrom(values: Float32Array, start: number, step: number, value: number | undefined): void {
  if (value === undefined) return;
  if (step === 1) values.fill(value, start);
  else for (let at = start; at < values.length; at += step) values[at] = value;
}

function firstOf<T>(list: readonly T[], count: number): readonly T[] {
  return list.length > count ? list.slice(0, count) : list;
}

/** A repeated string is repeated in TensorFlow's memory too. */
function strings({ stringVal }: TensorProto, count: number, maxBytes: number): Uint8Array[] {
  const given = stringVal.slice(0, count);
  const last = given.at(-1) ?? new Uint8Array();
  const repeated = count - given.length;
  const bytes = given.reduce((sum, { length }) => sum + length, repeated * last.length);
  if (bytes + count * stringBytes > maxBytes) throw tooLarge(maxBytes);
  return [...given, ...new Array<Uint8Array>(repeated).fill(last)];
}

/** A message may hold a number that is not a type. */
function typeName(dataType: DataType): string {
  return (DataType as Record<number, string | undefined>)[dataType] === undefined
    ? String(dataType)
    : dataTypeName(dataType);
}

function tooLarge(maxBytes: number): SignetError {
  return invalid('a shape whose elements take more', `at most ${maxBytes} bytes`);
}

function invalid(received: string, expected: string): SignetError {
  return new SignetError('INVALID_ARGUMENT', `Expected ${expected}. Received: ${received}.`);
}
