import { jsonError } from './json-error.js';

/**
 * Reads a word that the text must have in this place.
 *
 * @returns The byte after it.
 * @throws ServingError `INVALID_ARGUMENT` at the first letter that is another.
 */
export function readWord(bytes: Buffer, start: number, word: string): number {
  for (let i = 0; i < word.length; i += 1) {
    if (bytes[start + i] !== word.charCodeAt(i)) throw jsonError('Invalid value.', start + i);
  }
  return start + word.length;
}
