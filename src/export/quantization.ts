/** How floats are stored in a file: as they are, as float16, or in 8 bits. They are floats again when the model is loaded. */
export type Quantization = 'none' | 'float16' | 'weights';

/** Smaller tensors, such as biases, stay exact: they are a thousandth of the file. */
export const fewestQuantized = 1024;

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Returns the bits of the nearest float16, halves to even (IEEE 754); what is too large becomes the largest. */
export function halfOf(value: number): number {
  float[0] = Math.max(-65504, Math.min(65504, value));
  const [word = 0] = bits;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude < 0x33000000) return sign;
  if (magnitude < 0x38800000) return sign | roundToEven(float[0] === 0 ? 0 : Math.abs(float[0]) * 2 ** 24);
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
