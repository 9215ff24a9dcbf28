/**
 * A float32 as TensorFlow Serving writes it: as few as six digits where they read back as the same number, else nine; `.0`
 * after whole numbers; `NaN`, `Infinity` and `-Infinity` as bare words.
 *
 * Source: tensorflow_serving/util/json_tensor.cc, `WriteDecimal` over C's `%.6g` and `%.9g`.
 */
export function writeFloat(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const short = general(value, 6);
  const text = Math.fround(Number(short)) === value ? short : general(tieToEven(value), 9);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/**
 * C rounds what is exactly between two decimals of nine digits to the even one, JavaScript to the larger: a little less than
 * the value goes the same way in both. Such a float32 has at most 14 bits after the point.
 */
function tieToEven(value: number): number {
  if (!Number.isInteger(value * 2 ** 14)) return value;
  return /[02468]50{20}e/.test(value.toExponential(29)) ? value * (1 - 2 ** -50) : value;
}

/** C's `%.{digits}g`, but for ties. */
function general(value: number, digits: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const text = value.toPrecision(digits);
  // JavaScript has exponents from -7 on, C from -5 on.
  const [mantissa = '', power] = (/^-?0\.0000/.test(text) ? value.toExponential(digits - 1) : text).split('e');
  if (power === undefined) return withoutZeros(mantissa);
  return `${withoutZeros(mantissa)}e${power.replace(/^([+-])(\d)$/, '$10$2')}`;
}

function withoutZeros(decimal: string): string {
  if (!decimal.includes('.')) return decimal;
  let end = decimal.length;
  while (decimal[end - 1] === '0') end -= 1;
  return decimal.slice(0, decimal[end - 1] === '.' ? end - 1 : end);
}
