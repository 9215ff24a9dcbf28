import { create } from '@bufbuild/protobuf';

import { SignetError } from '../../errors.js';
import { dataTypeName, dataTypeOf, type DType, dtypeOf } from '../../tensorflow/data-type.js';
import { type TensorProto, TensorProtoSchema } from '../../tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type { ElementValues, TensorValue } from '../../tensorflow/tensor-value.js';

/** How a tensor may be read. */
export interface TensorProtoLimits {
  /** The most bytes that the tensor may take in memory, of which its message can be a small part. Default: 256 MiB. */
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
/** What an element takes; a string also its bytes (TensorFlow's tstring takes 24). */
const elementBytes: Readonly<Record<DType, number>> = { float32: 4, int32: 4, int64: 8, uint8: 1, bool: 1, string: 24 };

/**
 * Reads a TensorProto, of which nothing is trusted.
 *
 * The elements are in `tensor_content` (little-endian, as many as the shape has), else in the field of the type: if fewer than
 * the shape has, the last is repeated; if none, all are zero; what is too many is left. Source: `Tensor::FromProto` and
 * `FromProtoField` in tensorflow/core/framework/tensor.cc. Strings are read from `string_val` alone.
 *
 * Where alignment allows, the elements are a view into the message's memory.
 *
 * @throws SignetError `INVALID_ARGUMENT` that says what is wrong with the message.
 */
export function tensorValueOf(proto: TensorProto, { maxBytes = defaultMaxBytes }: TensorProtoLimits = {}): TensorValue {
  const dtype = dtypeOf(proto.dtype);
  if (dtype === null) throw invalid(`a tensor of type ${typeName(proto.dtype)}`, 'one of a type that Signet carries');
  const { shape, count } = readShape(proto, Math.floor(maxBytes / elementBytes[dtype]), maxBytes);
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
  const isContent = asContent && ArrayBuffer.isView(values);
  return Object.assign(proto, isContent ? { tensorContent: bytesOf(values) } : fieldOf(dtype, values));
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

function fieldOf(dtype: DType, values: ElementValues): Partial<TensorProto> {
  // The encoder only walks through the values: a typed array does as well as the array that the types ask for.
  const list = values as unknown;
  switch (dtype) {
    case 'float32':
      return { floatVal: list as number[] };
    case 'int64':
      return { int64Val: list as bigint[] };
    case 'bool':
      return { boolVal: Array.from(values as Uint8Array, (value) => value !== 0) };
    case 'string':
      return { stringVal: list as Uint8Array[] };
    case 'int32':
    case 'uint8':
      return { intVal: list as number[] };
  }
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

/** Every machine that Signet runs on has its numbers in little-endian order. */
function readContent(dtype: DType, content: Uint8Array, count: number): ElementValues {
  if (dtype === 'string') throw invalid('strings in tensor_content', 'them in string_val');
  const size = elementBytes[dtype];
  if (content.length !== count * size) {
    throw invalid(
      `${content.length} bytes in tensor_content`,
      `${count * size} for the ${count} elements of the shape`,
    );
  }
  if (dtype === 'uint8') return content;
  if (dtype === 'bool') return content.some((byte) => byte > 1) ? content.map((byte) => Number(byte !== 0)) : content;
  const { buffer, byteOffset } = content.byteOffset % size === 0 ? content : new Uint8Array(content);
  if (dtype === 'float32') return new Float32Array(buffer, byteOffset, count);
  return dtype === 'int32' ? new Int32Array(buffer, byteOffset, count) : new BigInt64Array(buffer, byteOffset, count);
}

function typed(dtype: Exclude<DType, 'string'>, proto: TensorProto, count: number): ElementValues {
  switch (dtype) {
    case 'float32':
      return filled(new Float32Array(count), proto.floatVal);
    case 'int32':
      return filled(new Int32Array(count), proto.intVal);
    case 'uint8':
      return filled(new Uint8Array(count), proto.intVal);
    case 'bool':
      return filled(new Uint8Array(count), proto.boolVal.map(Number));
    case 'int64': {
      const values = new BigInt64Array(count);
      const given = firstOf(proto.int64Val, count);
      values.set(given);
      return values.fill(given.at(-1) ?? 0n, given.length);
    }
  }
}

function filled<Values extends Float32Array | Int32Array | Uint8Array>(
  values: Values,
  list: readonly number[],
): Values {
  const given = firstOf(list, values.length);
  values.set(given);
  values.fill(given.at(-1) ?? 0, given.length);
  return values;
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
  if (bytes + count * elementBytes.string > maxBytes) throw tooLarge(maxBytes);
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
