import { SignetError } from '../errors.js';
import * as tf from '../tensorflow/tf.js';
import type { TfFunctionResult } from '../tracing/trace.js';

/** The tensors of a result, by name in the order of the names; a tensor by itself has no name. */
export function flatten(result: TfFunctionResult): { readonly names: string[] | null; readonly tensors: tf.Tensor[] } {
  if (result instanceof tf.Tensor) return { names: null, tensors: [result] };
  const names = Object.keys(result).sort();
  return { names, tensors: names.flatMap((name) => result[name] ?? []) };
}

/** The opposite of `flatten`. */
export function unflatten(names: string[] | null, tensors: tf.Tensor[]): TfFunctionResult {
  const [first] = tensors;
  if (names === null && first) return first;
  return Object.fromEntries((names ?? []).map((name, i) => [name, tensors[i]])) as Record<string, tf.Tensor>;
}

/** @throws SignetError `NOT_TRACEABLE` unless two branches or elements return the same names. */
export function checkSameNames(what: string, a: string[] | null, b: string[] | null): void {
  if (a?.join() === b?.join()) return;
  const text = (names: string[] | null) => (names ? `{ ${names.join(', ')} }` : 'a tensor');
  throw new SignetError('NOT_TRACEABLE', `${what} return the same names. Received: ${text(a)} and ${text(b)}.`);
}
