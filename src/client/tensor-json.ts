import { type DType, layoutOf, type NumericDType } from '../tensorflow/data-type.js';
import type { ElementValues, TensorValue } from '../tensorflow/tensor-value.js';
import { integerOf, numberOf } from './parse-serving-json.js';

/** A tensor as TensorFlow Serving reads it in a columnar request: nested lists, strings as `{"b64": …}`. */
export function tensorJson({ dtype, shape, values }: TensorValue): string {
  const write = writers[dtype];
  const lists = (dimension: number, start: number, size: number): string => {
    const length = shape[dimension];
    if (length === undefined) return write(values[start] ?? NaN);
    const step = length === 0 ? 0 : size / length;
    return `[${Array.from({ length }, (_, i) => lists(dimension + 1, start + i * step, step)).join(',')}]`;
  };
  return lists(0, 0, values.length);
}

/** A tensor of an answer. @throws TypeError that says what is wrong. */
export function tensorOfJson(dtype: DType, json: unknown): TensorValue {
  const shape: number[] = [];
  for (let level = json; Array.isArray(level); level = level[0]) shape.push(level.length);
  const elements: unknown[] = [];
  collect(json, shape, 0, elements);
  return { dtype, shape, values: readers[dtype](elements) };
}

type Writer = (value: ElementValues[number]) => string;

const float: Writer = (value) => floatText(value as number, 9);
const noComplex = (): never => {
  throw new TypeError('complex numbers, which JSON of TensorFlow Serving does not carry: use gRPC');
};

const writers: Readonly<Record<DType, Writer>> = {
  float32: float,
  float64: (value) => floatText(value as number, 17),
  float16: float,
  bfloat16: float,
  int8: String,
  int16: String,
  int32: String,
  int64: String,
  uint8: String,
  uint16: String,
  uint32: String,
  uint64: String,
  bool: (value) => String(value !== 0),
  complex64: noComplex,
  complex128: noComplex,
  string: (value) => `{"b64":"${Buffer.from(value as Uint8Array).toString('base64')}"}`,
};

/** Nine digits identify every float32, 17 every float64. */
function floatText(value: number, digits: 9 | 17): string {
  if (Object.is(value, -0)) return '-0.0';
  if (Number.isInteger(value) || !Number.isFinite(value)) return String(value);
  return String(Number(value.toPrecision(digits)));
}

function collect(json: unknown, shape: readonly number[], depth: number, elements: unknown[]): void {
  if (depth === shape.length) {
    if (Array.isArray(json)) throw new TypeError('lists of different depths');
    elements.push(json);
    return;
  }
  if (!Array.isArray(json) || json.length !== shape[depth]) throw new TypeError('lists of different lengths');
  for (const item of json) collect(item, shape, depth + 1, elements);
}

type Reader = (elements: readonly unknown[]) => ElementValues;

const readers: Readonly<Record<DType, Reader>> = {
  float32: floats('float32'),
  float64: floats('float64'),
  float16: floats('float16'),
  bfloat16: floats('bfloat16'),
  int8: integers('int8', -(2 ** 7), 2 ** 7),
  int16: integers('int16', -(2 ** 15), 2 ** 15),
  int32: integers('int32', -(2 ** 31), 2 ** 31),
  int64: (elements) => BigInt64Array.from(elements.map(integer)),
  uint8: integers('uint8', 0, 2 ** 8),
  uint16: integers('uint16', 0, 2 ** 16),
  uint32: integers('uint32', 0, 2 ** 32),
  uint64: (elements) => BigUint64Array.from(elements.map(integer)),
  bool: (elements) =>
    Uint8Array.from(elements, (value) => (typeof value === 'boolean' ? Number(value) : unexpected(value, 'a bool'))),
  complex64: noComplex,
  complex128: noComplex,
  string: (elements) => elements.map(bytes),
};

function floats(dtype: NumericDType): Reader {
  const { array: Elements } = layoutOf(dtype);
  return (elements) => new Elements(elements.map((value) => numberOf(value) ?? unexpected(value, 'a number')));
}

function integers(dtype: NumericDType, least: number, end: number): Reader {
  const { array: Elements } = layoutOf(dtype);
  return (elements) => new Elements(elements.map((value) => small(value, dtype, least, end)));
}

function integer(value: unknown): bigint {
  return integerOf(value) ?? unexpected(value, 'a whole number');
}

/** Typed arrays would wrap a number that is too large. */
function small(value: unknown, dtype: DType, least: number, end: number): number {
  const number = Number(integer(value));
  return number >= least && number < end ? number : unexpected(value, `a number of ${dtype}`);
}

/** An output whose name ends in `_bytes` comes as base64, any other as text. */
function bytes(value: unknown): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value);
  const encoded = isBase64(value) ? value.b64 : unexpected(value, 'a string');
  return Buffer.from(encoded, 'base64');
}

/** Whether a part of an answer is a string in base64, rather than outputs by name. */
export function isBase64(value: unknown): value is { readonly b64: string } {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return false;
  return typeof (value as Record<string, unknown>).b64 === 'string';
}

function unexpected(value: unknown, expected: string): never {
  throw new TypeError(`${JSON.stringify(value).slice(0, 60)} for ${expected}`);
}
