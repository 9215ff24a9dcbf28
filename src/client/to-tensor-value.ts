import type { TensorValue } from '../tensorflow/tensor-value.js';

/** What a client takes for a tensor: one as plain data; text or bytes for a string scalar; a list of them for string [n]. */
export type InputValue = TensorValue | string | Uint8Array | readonly (string | Uint8Array)[];

export function toTensorValue(input: InputValue): TensorValue {
  if (isText(input)) return { dtype: 'string', shape: [], values: [bytesOf(input)] };
  if ('dtype' in input) return input;
  return { dtype: 'string', shape: [input.length], values: input.map(bytesOf) };
}

function isText(input: InputValue): input is string | Uint8Array {
  return typeof input === 'string' || input instanceof Uint8Array;
}

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? Buffer.from(text) : text;
}
