import { sizeFromShape } from '../../tracing/tensor-spec.js';
import { type DType, layoutOf, numbersOf } from '../../tensorflow/data-type.js';
import type { ElementValues, TensorValue } from '../../tensorflow/tensor-value.js';
import { type Copy, copyInTurns } from '../limits/copy-in-turns.js';
import { isStrings } from '../worker/packed-value.js';

type Values = Readonly<Record<string, TensorValue>>;

/**
 * Number of rows of a request: the first size of every input.
 *
 * @returns Null when the inputs disagree, have no rows, or have a number of elements that does not match their shape.
 */
export function rowsOf(inputs: Values): number | null {
  let rows: number | null = null;
  for (const { dtype, shape, values } of Object.values(inputs)) {
    const [first = 0] = shape;
    const count = sizeFromShape(shape) * numbersOf(dtype);
    if (first === 0 || count !== values.length || (rows ?? first) !== first) return null;
    rows = first;
  }
  return rows;
}

/** Key that requests in one batch must share: the names, types and sizes of their inputs, without the first size. */
export function rowShape(inputs: Values): string {
  const names = Object.keys(inputs);
  if (names.length > 1) names.sort();
  return names.map((name) => `${JSON.stringify(name)}:${inputs[name]?.dtype}[${inputs[name]?.shape.slice(1)}]`).join();
}

/** Memory of the inputs, in bytes; the overhead of a string is estimated. */
export function bytesOf(inputs: Values): number {
  let bytes = 0;
  for (const { values } of Object.values(inputs)) {
    bytes += isStrings(values) ? values.reduce((sum, { length }) => sum + length + 64, 0) : values.byteLength;
  }
  return bytes;
}

/** Some of the rows, as views where that is possible. */
export function partOf(inputs: Values, start: number, rows: number): Record<string, TensorValue> {
  const named = Object.entries(inputs).map(([name, { dtype, shape, values }]) => {
    const size = rowSize(dtype, shape);
    const [from, to] = [start * size, (start + rows) * size];
    const part = isStrings(values) ? values.slice(from, to) : values.subarray(from, to);
    return [name, { dtype, shape: [rows, ...shape.slice(1)], values: part }] as const;
  });
  return Object.fromEntries(named);
}

/** Copies inputs into memory that can be moved to another thread; large ones over several turns of the event loop. */
export async function copyValues(inputs: Values): Promise<Record<string, TensorValue>> {
  const made = Object.entries(inputs).map(([name, value]) => ({ name, ...emptyCopy(value) }));
  await copyInTurns(made.flatMap(({ copies }) => copies));
  return Object.fromEntries(made.map(({ name, value }) => [name, value]));
}

/** Memory for a copy, and what must be copied into it. Strings become views of one buffer, which can be moved as it is. */
function emptyCopy({ dtype, shape, values }: TensorValue): { readonly value: TensorValue; readonly copies: Copy[] } {
  if (dtype !== 'string' && !isStrings(values)) {
    const target = new (layoutOf(dtype).array)(values.length);
    return { value: { dtype, shape, values: target }, copies: [{ target, source: values, at: 0 }] };
  }
  const strings = values as readonly Uint8Array[];
  const target = new Uint8Array(strings.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  const copies = strings.map((source) => ({ target, source, at: (end += source.length) - source.length }));
  const views = copies.map(({ source, at }) => target.subarray(at, at + source.length));
  return { value: { dtype, shape, values: views }, copies };
}

/** Joins the rows of several requests, and repeats the last row `padding` times. */
export function concatRows(requests: readonly Values[], padding = 0): Record<string, TensorValue> {
  const [first = {}] = requests;
  const named = Object.entries(first).map(([name, { dtype, shape }]) => {
    const parts = requests.flatMap((inputs) => inputs[name] ?? []);
    const rows = parts.reduce((sum, part) => sum + (part.shape[0] ?? 0), padding);
    const size = rowSize(dtype, shape);
    const all = parts.map((part) => part.values);
    const values = concatValues(dtype, all, padding, size);
    return [name, { dtype, shape: [rows, ...shape.slice(1)], values }] as const;
  });
  return Object.fromEntries(named);
}

function concatValues(dtype: DType, parts: readonly ElementValues[], padding: number, size: number): ElementValues {
  const last = parts.at(-1)?.slice(-size) ?? [];
  const all = [...parts, ...Array<ElementValues>(size > 0 ? padding : 0).fill(last)];
  if (dtype === 'string') return (all as (readonly Uint8Array[])[]).flat();
  const length = all.reduce((sum, part) => sum + part.length, 0);
  const result = new (layoutOf(dtype).array)(length);
  let position = 0;
  for (const part of all) {
    (result as Float32Array).set(part as Float32Array, position);
    position += part.length;
  }
  return result;
}

/** Number of entries of `values` per row. */
export function rowSize(dtype: DType, shape: readonly number[]): number {
  return sizeFromShape(shape.slice(1)) * numbersOf(dtype);
}

/**
 * Splits a batch's outputs among its requests.
 *
 * @param rows Number of rows of every request, in their order; the rest is padding.
 * @returns Null if an output does not have `total` rows: then the signature is not a function of single rows.
 */
export function splitRows(
  outputs: Values,
  rows: readonly number[],
  total: number,
): Record<string, TensorValue>[] | null {
  const entries = Object.entries(outputs);
  if (entries.some(([, { shape }]) => shape[0] !== total)) return null;
  let start = 0;
  return rows.map((count) => {
    const from = start;
    start += count;
    return Object.fromEntries(
      entries.map(([name, { dtype, shape, values }]) => {
        const size = rowSize(dtype, shape);
        const part = values.slice(from * size, (from + count) * size);
        return [name, { dtype, shape: [count, ...shape.slice(1)], values: part }];
      }),
    );
  });
}
