import type { Signature } from '../../saved-model/read/read-saved-model.js';
import { type DType, layoutOf } from '../../tensorflow/data-type.js';
import { sizeFromShape } from '../../tracing/tensor-spec.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { ServingError } from '../serving-error.js';

/** About what a string takes besides its bytes: an object, a view and its place in a list. */
export const stringBytes = 256;
/** Strings in one request, whatever their lengths. */
export const maxStrings = 2 ** 16;
export const defaultMaxRows = 4096;
/** How much memory all inputs, or all outputs, of a request may take. */
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
 * Checks what a request would become, before its values are made.
 *
 * @returns Memory of the inputs and of those outputs whose sizes the signature says, in bytes.
 * @throws ServingError `RESOURCE_EXHAUSTED` (413).
 */
export function checkSize(
  signature: Pick<Signature, 'inputs' | 'outputs'>,
  inputs: readonly SizedTensor[],
  { maxRows = defaultMaxRows, maxTensorBytes = defaultMaxTensorBytes }: SizeLimits = {},
): number {
  const rows = Math.max(0, ...inputs.map(({ shape }) => shape[0] ?? 0));
  const isOfRows = hasRows(signature);
  if (isOfRows) checkRows(rows, maxRows);
  const strings = inputs.filter(({ dtype }) => dtype === 'string').reduce((sum, each) => sum + count(each), 0);
  if (strings > maxStrings) {
    throw tooLarge(`The request has ${strings} strings; the server takes ${maxStrings}.`);
  }
  const inputBytes = inputs.reduce((sum, { dtype, shape }) => sum + valueBytes(dtype, sizeFromShape(shape)), 0);
  const outputBytes = isOfRows ? rows * rowBytes(signature) : 0;
  for (const [what, bytes] of [['inputs', inputBytes], ['outputs', outputBytes]] as const) {
    if (bytes > maxTensorBytes) {
      throw tooLarge(`The ${what} of the request would take ${bytes} bytes; the server takes ${maxTensorBytes}.`);
    }
  } // prettier-ignore
  return inputBytes + outputBytes;
}

/** @throws ServingError `RESOURCE_EXHAUSTED` (413). */
export function checkRows(rows: number, maxRows = defaultMaxRows): void {
  if (rows > maxRows) {
    throw tooLarge(`The request has ${rows} rows; the server takes ${maxRows} (--max-rows).`);
  }
}

/** Whether every input and output has rows: only then is a request as large as its number of rows. */
export function hasRows({ inputs, outputs }: Pick<Signature, 'inputs' | 'outputs'>): boolean {
  return [...Object.values(inputs), ...Object.values(outputs)].every(({ spec: { sizes } }) => sizes?.[0] === -1);
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

/** Memory of a tensor that is there, in bytes. */
export function bytesOf({ dtype, values }: TensorValue): number {
  if (dtype !== 'string') return (values as Uint8Array).byteLength;
  return (values as readonly Uint8Array[]).reduce((sum, { length }) => sum + length + stringBytes, 0);
}

/** Bytes of the strings among tensors. */
export function contentBytes(tensors: Readonly<Record<string, TensorValue>>): number {
  const strings = Object.values(tensors).filter(({ dtype }) => dtype === 'string');
  return strings.reduce((sum, value) => sum + bytesOf(value) - value.values.length * stringBytes, 0);
}

function count({ shape }: SizedTensor): number {
  return sizeFromShape(shape);
}

function tooLarge(message: string): ServingError {
  return new ServingError('RESOURCE_EXHAUSTED', `${message} Send fewer in a request.`, { httpStatus: 413 });
}
