/** Widens an IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
export function widenHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** Widens a bfloat16, the upper half of a float32. */
export function widenBrainFloat(bits: number): number {
  word[0] = bits << 16;
  return float[0] ?? NaN;
}

/** Rounds a float32 to the nearest binary16, ties to even. */
export function halfBits(value: number): number {
  const bits = wordOf(value);
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00;
  if (size >= 0x47800000) return sign | 0x7c00;
  // Below the smallest normal number, 2^-14, steps are of 2^-24.
  if (size < 0x38800000) return sign | roundToEven(Math.abs(value) * 2 ** 24);
  return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
}

/** Rounds a float32 to the nearest bfloat16, ties to even. */
export function brainFloatBits(value: number): number {
  const bits = wordOf(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return ((bits >>> 16) & 0x8000) | 0x7fc0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

function wordOf(value: number): number {
  float[0] = value;
  return word[0] ?? 0;
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
