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

/**
 * The elements of a string tensor as scalars that share nothing with it.
 *
 * tfjs-node frees the strings of a tensor that is disposed of even where another tensor shares them, as after a reshape or
 * an unstack of one element (tfjs_backend.cc, `DeleteTensor`): a caller's tensor would be left with empty strings.
 */
export function stringElements(tensor: tf.Tensor): tf.Scalar[] {
  return stringBytes(tensor).map(stringScalar);
}

/** The rows of a string tensor [n, ...], sharing nothing with it either. */
export function stringRows(tensor: tf.Tensor): tf.Tensor[] {
  const bytes = stringBytes(tensor);
  const shape = tensor.shape.slice(1);
  const size = tf.util.sizeFromShape(shape);
  return Array.from({ length: tensor.shape[0] }, (_, row) => {
    const values = bytes.slice(row * size, (row + 1) * size);
    return shape.length === 0 ? stringScalar(values[0] ?? new Uint8Array()) : tf.tensor(values, shape, 'string');
  });
}

/** The raw bytes of every element; `dataSync` would make text of them. */
export function stringBytes(tensor: tf.Tensor): Uint8Array[] {
  return backend.readSync(tensor.dataId) as Uint8Array[];
}
