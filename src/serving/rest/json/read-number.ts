import { jsonError, readWord } from './json-word.js';

/** A number of a JSON text. */
export interface JsonNumber {
  /** Rounded to float64; integers beyond 2^53 are read again from the text if they must be exact. */
  readonly value: number;
  /** Whether it is written without a point and an exponent. */
  readonly isInteger: boolean;
  /** The byte after it. */
  readonly end: number;
}

/** Powers of ten that float64 holds exactly. */
const powersOfTen = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
/** Number of digits up to which any integer is exact in float64. */
const exactDigits = 15;

/**
 * Reads a number, or `NaN`, `Inf`, `Infinity` and their negatives.
 *
 * Nearly all numbers are an exact integer times or by an exact power of ten, which float64 rounds once and correctly (Clinger, "How to read floating
 * point numbers accurately", 1990); the others are left to JavaScript.
 *
 * @throws ServingError `INVALID_ARGUMENT`.
 */
export function readNumber(bytes: Buffer, start: number): JsonNumber {
  const isNegative = bytes[start] === 0x2d;
  const first = isNegative ? start + 1 : start;
  let at = first;
  let mantissa = 0;
  for (let digit = digitAt(bytes, at); digit >= 0 && !(at > first && mantissa === 0); digit = digitAt(bytes, at)) {
    mantissa = mantissa * 10 + digit;
    at += 1;
  }
  if (at === first) return readNonFinite(bytes, first, isNegative);
  let digits = at - first;
  let exponent = 0;
  let isInteger = true;
  if (bytes[at] === 0x2e) {
    isInteger = false;
    const point = at;
    at += 1;
    for (let digit = digitAt(bytes, at); digit >= 0; digit = digitAt(bytes, at)) {
      mantissa = mantissa * 10 + digit;
      at += 1;
    }
    exponent = point + 1 - at;
    if (exponent === 0) throw jsonError('Miss fraction part in number.', at);
    digits -= exponent;
  }
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    isInteger = false;
    const { value, end } = readExponent(bytes, at + 1);
    exponent += value;
    at = end;
  }
  const value =
    digits <= exactDigits && Math.abs(exponent) < powersOfTen.length
      ? scaled(isNegative ? -mantissa : mantissa, exponent)
      : Number(bytes.toString('latin1', start, at));
  if (!Number.isFinite(value)) throw jsonError('Number too big to be stored in double.', start);
  return { value, isInteger, end: at };
}

function scaled(mantissa: number, exponent: number): number {
  const power = powersOfTen[Math.abs(exponent)] ?? NaN;
  return exponent < 0 ? mantissa / power : mantissa * power;
}

function readExponent(bytes: Buffer, start: number): { value: number; end: number } {
  const sign = bytes[start];
  const first = sign === 0x2b || sign === 0x2d ? start + 1 : start;
  let at = first;
  let value = 0;
  for (let digit = digitAt(bytes, at); digit >= 0; digit = digitAt(bytes, at)) {
    value = Math.min(value * 10 + digit, 1e6);
    at += 1;
  }
  if (at === first) throw jsonError('Miss exponent in number.', at);
  return { value: sign === 0x2d ? -value : value, end: at };
}

function readNonFinite(bytes: Buffer, start: number, isNegative: boolean): JsonNumber {
  const isNaN = bytes[start] === 0x4e;
  const short = isNaN ? readWord(bytes, start, 'NaN') : readWord(bytes, start, 'Inf');
  const end = !isNaN && bytes[short] === 0x69 ? readWord(bytes, short, 'inity') : short;
  const value = isNaN ? NaN : isNegative ? -Infinity : Infinity;
  return { value, isInteger: false, end };
}

/** -1 if it is not a digit. */
function digitAt(bytes: Buffer, at: number): number {
  const byte = bytes[at] ?? 0;
  return byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : -1;
}
