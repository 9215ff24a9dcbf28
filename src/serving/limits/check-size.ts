import type { Signature } from '../../saved-model/read/read-saved-model.js';
import { type DType, layoutOf } from '../../tensorflow/data-type.js';
import { sizeFromShape } from '../../tracing/tensor-spec.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { ServingError } from '../serving-error.js';

/** Approximate overhead of a string, in bytes: an object, a view and its slot in a list. */
export const stringBytes = 256;
/** Maximum number of strings in one request, whatever their lengths. */
export const maxStrings = 2 ** 16;
export const defaultMaxRows = 4096;
/** Memory that all inputs, or all outputs, of a request may take, in bytes. */
export const defaultMaxTensorBytes = 256 * 2 ** 20;

/** Limits of the tensors in a request. */
export interface SizeLimits {
  /** Rows (first size of every input) of a request to a signature of rows. Default: 4,096. */
  readonly maxRows?: number | undefined;
  /** Memory of all inputs, and of all outputs, in bytes. Default: 256 MiB. */
  readonly maxTensorBytes?: number | undefined;
}

/** An input as far as its size goes. */
export interface SizedTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/**
 * Checks the memory that a request would take, before its values are made.
 *
 * @returns Memory of the inputs, and of the outputs whose sizes the signature gives, in bytes.
 * @throws ServingError `RESOURCE_EXHAUSTED` (413).
 */
export function checkSize(
  signature: Pick<Signature, 'inputs' | 'outputs'>,
  inputs: readonly SizedTensor[],
  { maxRows = defaultMaxRows, maxTensorBytes = defaultMaxTensorBytes }: SizeLimits = {},
): number {
  let [rows, strings, inputBytes] = [0, 0, 0];
  for (const { dtype, shape } of inputs) {
    const count = sizeFromShape(shape);
    rows = Math.max(rows, shape[0] ?? 0);
    if (dtype === 'string') strings += count;
    inputBytes += valueBytes(dtype, count);
  }
  const { isOfRows, bytes } = rowsIn(signature);
  if (isOfRows) checkRows(rows, maxRows);
  if (strings > maxStrings) {
    throw tooLarge(`The request has ${strings} strings; the server takes ${maxStrings}.`);
  }
  const outputBytes = isOfRows ? rows * bytes : 0;
  checkBytes('inputs', inputBytes, maxTensorBytes);
  checkBytes('outputs', outputBytes, maxTensorBytes);
  return inputBytes + outputBytes;
}

function checkBytes(what: string, bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw tooLarge(`The ${what} of the request would take ${bytes} bytes; the server takes ${maxBytes}.`);
}

/** @throws ServingError `RESOURCE_EXHAUSTED` (413). */
export function checkRows(rows: number, maxRows = defaultMaxRows): void {
  if (rows > maxRows) {
    throw tooLarge(`The request has ${rows} rows; the server takes ${maxRows} (--max-rows).`);
  }
}

/** Whether every input and output has rows: only then does a request's size depend on its number of rows. */
export function hasRows(signature: Pick<Signature, 'inputs' | 'outputs'>): boolean {
  return rowsIn(signature).isOfRows;
}

/** Facts about a signature's rows: whether it has any, and the memory of an output's row, in bytes. */
interface SignatureRows {
  readonly isOfRows: boolean;
  readonly bytes: number;
}

/** Kept, since every request needs them. */
const known = new WeakMap<object, SignatureRows>();

function rowsIn(signature: Pick<Signature, 'inputs' | 'outputs'>): SignatureRows {
  const found = known.get(signature);
  if (found) return found;
  const all = [...Object.values(signature.inputs), ...Object.values(signature.outputs)];
  const rows = { isOfRows: all.every(({ spec: { sizes } }) => sizes?.[0] === -1), bytes: rowBytes(signature) };
  known.set(signature, rows);
  return rows;
}

/** Memory of an output's row, in bytes; a size that only a call knows counts as 1. */
function rowBytes({ outputs }: Pick<Signature, 'outputs'>): number {
  return Object.values(outputs).reduce((sum, { spec: { dtype, sizes } }) => {
    const size = sizeFromShape((sizes ?? []).slice(1).map((each) => Math.max(each, 1)));
    return sum + valueBytes(dtype, size);
  }, 0);
}

/** Computes the memory of N values, in bytes, without the bytes of strings. */
export function valueBytes(dtype: DType, values: number): number {
  if (dtype === 'string') return values * stringBytes;
  const { array, numbers } = layoutOf(dtype);
  return values * numbers * array.BYTES_PER_ELEMENT;
}

/** Memory of an existing tensor, in bytes. */
export function bytesOf({ dtype, values }: TensorValue): number {
  if (dtype !== 'string') return (values as Uint8Array).byteLength;
  return (values as readonly Uint8Array[]).reduce((sum, { length }) => sum + length + stringBytes, 0);
}

/** Bytes of the strings among tensors. */
export function contentBytes(tensors: Readonly<Record<string, TensorValue>>): number {
  let sum = 0;
  for (const value of Object.values(tensors)) {
    if (value.dtype === 'string') sum += bytesOf(value) - value.values.length * stringBytes;
  }
  return sum;
}

function tooLarge(message: string): ServingError {
  return new ServingError('RESOURCE_EXHAUSTED', `${message} Send fewer in a request.`, { httpStatus: 413 });
}
