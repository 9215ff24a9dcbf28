import { backend } from '../tensorflow/backend.js';
import * as tf from '../tensorflow/tf.js';

/** A string scalar of raw bytes, such as a file's content. */
export function stringScalar(bytes: Uint8Array): tf.Scalar {
  // TF.js takes encoded strings, which its typings do not say.
  return tf.scalar(bytes, 'string');
}

/** Raw bytes as a string vector. */
export function stringVector(values: readonly Uint8Array[]): tf.Tensor1D {
  return tf.tensor1d(values as unknown as string[], 'string');
}

/** The raw bytes of every element; `dataSync` would make text of them. */
export function stringBytes(tensor: tf.Tensor): Uint8Array[] {
  return backend.readSync(tensor.dataId) as Uint8Array[];
}
