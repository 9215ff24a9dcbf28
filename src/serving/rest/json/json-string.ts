import { jsonError } from './json-word.js';

/** The end of a string in a JSON text. */
export interface JsonString {
  /** Its closing quotation mark. */
  readonly end: number;
  /** Whether it has escapes, so that its bytes differ from the text's. */
  readonly isEscaped: boolean;
}

/** Meaning of the letter after a backslash. */
const escapes = new Map(
  Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(
    ([letter, meaning]) => [letter.charCodeAt(0), meaning.charCodeAt(0)] as const,
  ),
);
const backslash = 0x5c;
const letterU = 0x75;

/**
 * Finds the end of a string and checks its escapes; its bytes need not be UTF-8.
 *
 * @param start The byte after the opening quotation mark.
 * @throws ServingError `INVALID_ARGUMENT`.
 */
export function readString(bytes: Buffer, start: number): JsonString {
  let isEscaped = false;
  let at = start;
  for (let byte = bytes[at]; byte !== 0x22; byte = bytes[at]) {
    if (byte === undefined) throw jsonError('Missing a closing quotation mark in string.', at);
    if (byte < 0x20) throw jsonError('Invalid encoding in string.', at);
    if (byte === backslash) {
      isEscaped = true;
      at = afterEscape(bytes, at);
    } else at += 1;
  }
  return { end: at, isEscaped };
}

/** The bytes that a string with escapes represents, with escaped code points in UTF-8. The string has been validated. */
export function unescapeString(raw: Buffer): Buffer {
  // No escape is shorter than what it represents.
  const bytes = Buffer.allocUnsafe(raw.length);
  let length = 0;
  for (let at = 0; at < raw.length;) {
    const byte = raw[at] ?? 0;
    if (byte !== backslash) {
      bytes[length++] = byte;
      at += 1;
    } else if (raw[at + 1] !== letterU) {
      bytes[length++] = escapes.get(raw[at + 1] ?? 0) ?? 0;
      at += 2;
    } else {
      const unit = hexUnit(raw, at + 2);
      const isPair = unit >= 0xd800 && unit <= 0xdfff;
      const text = isPair ? String.fromCharCode(unit, hexUnit(raw, at + 8)) : String.fromCharCode(unit);
      length += bytes.write(text, length);
      at += isPair ? 12 : 6;
    }
  }
  return bytes.subarray(0, length);
}

function afterEscape(bytes: Buffer, at: number): number {
  const letter = bytes[at + 1];
  if (letter !== letterU) {
    if (letter === undefined || !escapes.has(letter)) throw jsonError('Invalid escape character in string.', at);
    return at + 2;
  }
  const unit = checkedUnit(bytes, at + 2, at);
  if (unit < 0xd800 || unit > 0xdfff) return at + 6;
  const isPair = unit < 0xdc00 && bytes[at + 6] === backslash && bytes[at + 7] === letterU;
  const low = isPair ? checkedUnit(bytes, at + 8, at) : 0;
  if (low < 0xdc00 || low > 0xdfff) throw jsonError('The surrogate pair in string is invalid.', at);
  return at + 12;
}

function checkedUnit(bytes: Buffer, at: number, escape: number): number {
  const unit = hexUnit(bytes, at);
  if (Number.isNaN(unit)) throw jsonError('Incorrect hex digit after \\u escape in string.', escape);
  return unit;
}

/** A UTF-16 code unit of four digits; NaN if one of them is not a digit. */
function hexUnit(bytes: Buffer, start: number): number {
  let unit = 0;
  for (let at = start; at < start + 4; at += 1) unit = unit * 16 + hexDigit(bytes[at] ?? 0);
  return unit;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : NaN;
}
