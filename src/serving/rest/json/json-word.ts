import { ServingError } from '../../serving-error.js';

/** Makes the error for text that is not JSON. Source: tensorflow_serving/util/json_tensor.cc, `ParseJson`. */
export function jsonError(reason: string, offset: number): ServingError {
  return new ServingError('INVALID_ARGUMENT', `JSON Parse error: ${reason} at offset: ${offset}`);
}

/**
 * Reads a word that the text must have here.
 *
 * @returns The byte after it.
 * @throws ServingError `INVALID_ARGUMENT` at the first letter that differs.
 */
export function readWord(bytes: Buffer, start: number, word: string): number {
  for (let i = 0; i < word.length; i += 1) {
    if (bytes[start + i] !== word.charCodeAt(i)) throw jsonError('Invalid value.', start + i);
  }
  return start + word.length;
}
