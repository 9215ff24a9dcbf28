/**
 * A float32 as TensorFlow Serving writes it: as few as six digits where they read back as the same number, else nine; `.0`
 * after whole numbers; `NaN`, `Infinity` and `-Infinity` as bare words.
 *
 * Source: tensorflow_serving/util/json_tensor.cc, `WriteDecimal` over C's `%.6g` and `%.9g`.
 */
export function writeFloat(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const short = general(value, 6);
  const text = Math.fround(Number(short)) === value ? short : general(value, 9);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** C's `%.{digits}g`. */
function general(value: number, digits: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', power = '0'] = value.toExponential(digits - 1).split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= digits) {
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${withoutZeros(mantissa)}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  return withoutZeros(value.toFixed(digits - 1 - exponent));
}

function withoutZeros(decimal: string): string {
  return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal;
}
