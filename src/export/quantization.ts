import { halfBits } from '../tensorflow/half-floats.js';

/** How floats are stored in a file: as they are, as float16, or in 8 bits. They are floats again when the model is loaded. */
export type Quantization = 'none' | 'float16' | 'weights';

/** Smaller tensors, such as biases, stay exact: they are a thousandth of the file. */
export const fewestQuantized = 1024;

/** The largest float16. */
const mostHalf = 65_504;

/** Rounds floats to the bits of the nearest float16; what is too large for one becomes the largest, not infinity. */
export function halvesOf(values: Float32Array): Uint16Array {
  const halves = new Uint16Array(values.length);
  // Not Uint16Array.from, which makes a list of all values first: seconds for a network.
  values.forEach((value, i) => (halves[i] = halfBits(Math.max(-mostHalf, Math.min(mostHalf, value)))));
  return halves;
}
