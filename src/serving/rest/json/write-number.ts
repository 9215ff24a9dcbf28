/** Precision with which the numbers of a type are written in full. */
interface Precision {
  /** Number of digits that distinguish any two numbers of the type: C++'s `max_digits10`. */
  readonly digits: number;
  /** The most bits after the point that a number exactly between two decimals of that many digits has. */
  readonly tieBits: number;
}

const single: Precision = { digits: 9, tieBits: 14 };
const double: Precision = { digits: 17, tieBits: 25 };

/**
 * A float32 as TensorFlow Serving writes it: six digits if they read back as the same number, otherwise nine; `.0` after whole numbers; `NaN`,
 * `Infinity` and `-Infinity` as bare words.
 *
 * Source: tensorflow_serving/util/json_tensor.cc, `WriteDecimal` over C's `%.6g` and `%.9g`.
 */
export function writeFloat(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const short = general(value.toPrecision(6), value);
  return withPoint(Math.fround(Number(short)) === value ? short : inFull(value, single));
}

/** A float64 in the same way: six digits, else 17. */
export function writeDouble(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const short = general(value.toPrecision(6), value);
  return withPoint(Number(short) === value ? short : inFull(value, double));
}

function withPoint(text: string): string {
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** C rounds a number exactly between two decimals to the even one, JavaScript to the larger. */
function inFull(value: number, { digits, tieBits }: Precision): string {
  if (Number.isInteger(value * 2 ** tieBits)) {
    const exact = value.toPrecision(digits + 21);
    if (/[02468]\.?50{20}(?:e|$)/.test(exact)) return general(exact.replace(/50{20}(?=e|$)/, ''), value);
  }
  return general(value.toPrecision(digits), value);
}

/** Formats a number as C's `%g`, from the digits of `toPrecision`. */
function general(text: string, value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  // JavaScript writes exponents from -7 on, C from -5 on.
  const isSmall = /^-?0\.0000/.test(text);
  const [mantissa = '', power]: readonly (string | undefined)[] = isSmall ? smallExponent(text) : text.split('e');
  if (power === undefined) return withoutZeros(mantissa);
  return `${withoutZeros(mantissa)}e${power.replace(/^([+-])(\d)$/, '$10$2')}`;
}

/** `0.0000123` as `1.23` and `-5`. */
function smallExponent(text: string): readonly [mantissa: string, power: string] {
  const sign = text.startsWith('-') ? '-' : '';
  const decimals = text.slice(sign.length + 2);
  const zeros = decimals.search(/[1-9]/);
  return [`${sign}${decimals.charAt(zeros)}.${decimals.slice(zeros + 1)}`, `-${zeros + 1}`];
}

function withoutZeros(decimal: string): string {
  if (!decimal.includes('.')) return decimal;
  let end = decimal.length;
  while (decimal[end - 1] === '0') end -= 1;
  return decimal.slice(0, decimal[end - 1] === '.' ? end - 1 : end);
}
