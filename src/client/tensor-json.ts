import type { DType } from '../tensorflow/data-type.js';
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

/** A tensor of an answer. @throws TypeError that says what is not as it should be. */
export function tensorOfJson(dtype: DType, json: unknown): TensorValue {
  const shape: number[] = [];
  for (let level = json; Array.isArray(level); level = level[0]) shape.push(level.length);
  const elements: unknown[] = [];
  collect(json, shape, 0, elements);
  return { dtype, shape, values: readers[dtype](elements) };
}

type Writer = (value: ElementValues[number]) => string;

const writers: Readonly<Record<DType, Writer>> = {
  float32: (value) => floatText(value as number),
  int32: String,
  int64: String,
  uint8: String,
  bool: (value) => String(value !== 0),
  string: (value) => `{"b64":"${Buffer.from(value as Uint8Array).toString('base64')}"}`,
};

/** Nine digits identify every float32; those of a float64 would be up to 17. */
function floatText(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  if (Number.isInteger(value) || !Number.isFinite(value)) return String(value);
  return String(Number(value.toPrecision(9)));
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

const readers: Readonly<Record<DType, (elements: readonly unknown[]) => ElementValues>> = {
  float32: (elements) => Float32Array.from(elements, (value) => numberOf(value) ?? unexpected(value, 'a number')),
  int32: (elements) => Int32Array.from(elements, (value) => small(value, 'int32', -(2 ** 31), 2 ** 31)),
  uint8: (elements) => Uint8Array.from(elements, (value) => small(value, 'uint8', 0, 256)),
  int64: (elements) => BigInt64Array.from(elements.map(integer)),
  bool: (elements) =>
    Uint8Array.from(elements, (value) => (typeof value === 'boolean' ? Number(value) : unexpected(value, 'a bool'))),
  string: (elements) => elements.map(bytes),
};

function integer(value: unknown): bigint {
  return integerOf(value) ?? unexpected(value, 'a whole number');
}

/** Typed arrays would wrap a number that is too large. */
function small(value: unknown, dtype: DType, least: number, end: number): number {
  const number = Number(integer(value));
  return number >= least && number < end ? number : unexpected(value, `a number of ${dtype}`);
}

/** An output whose name ends in `_bytes` comes as base64, another as text. */
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
