/** A number that `JSON.parse` refuses or would round, in its place in a document. */
interface MarkedNumber {
  readonly [marker]: string;
}

/** A name that no conforming server uses. */
const marker = '\u0000number';

/** Strings and numbers; of these, a number that JSON does not have and a whole number that may be beyond 2^53 need care. */
// An unterminated string extends to the end of the text: otherwise each quotation mark in it would be tried as a beginning.
const token = /"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)|-?Infinity|NaN|-?\d[\d.eE+-]*/gs;
const needsCare = /^(?:-?Infinity|NaN|-?\d{16,})$/;

/**
 * Parses an answer of TensorFlow Serving, which is JSON except for `NaN`, `Infinity` and `-Infinity`.
 *
 * Read numbers with `numberOf` and `integerOf`.
 *
 * @throws SyntaxError
 */
export function parseServingJson(text: string): unknown {
  // Most answers need no care, and JSON.parse is many times faster.
  if (!/NaN|Infinity|\d{16}/.test(text)) return JSON.parse(text);
  const key = JSON.stringify(marker);
  return JSON.parse(text.replaceAll(token, (found) => (needsCare.test(found) ? `{${key}:"${found}"}` : found)));
}

/** A number of a parsed document; null for anything else. */
export function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return value;
  return isMarked(value) ? Number(value[marker]) : null;
}

/** A whole number of a parsed document, exactly; null for anything else. */
export function integerOf(value: unknown): bigint | null {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : null;
  return isMarked(value) && /^-?\d+$/.test(value[marker]) ? BigInt(value[marker]) : null;
}

/** Whether a value of a parsed document represents a number, although it is an object. */
export function isMarked(value: unknown): value is MarkedNumber {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, marker);
}
