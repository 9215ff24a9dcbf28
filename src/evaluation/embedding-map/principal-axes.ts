import { createRandom } from '../../data/dataset/random.js';
import { withLengthOne } from '../../models/classifier/known-images.js';
import * as tf from '../../tensorflow/tf.js';

/** A place on a map. */
export type Place = readonly [x: number, y: number];

/** Multiplications by the covariance after which the two axes no longer turn to the eye. */
const steps = 50;

/**
 * Lays vectors out on the two axes along which their directions differ most: principal component analysis, by subspace iteration.
 *
 * @param vectors [n, features] in C order.
 */
export function principalPlaces(vectors: Float32Array, features: number): Place[] {
  const n = vectors.length / features;
  const random = createRandom(0);
  const places = tf.tidy(() => {
    const rows = withLengthOne(tf.tensor2d(vectors, [n, features]));
    const centered = tf.sub(rows, tf.mean(rows, 0, true));
    let axes = tf.tensor2d(Float32Array.from({ length: features * 2 }, () => random() - 0.5), [features, 2]); // prettier-ignore
    for (let step = 0; step < steps; step += 1) {
      axes = tf.tidy(() => orthonormal(tf.matMul(centered, tf.matMul(centered, axes), true)));
    }
    return tf.matMul(centered, axes).dataSync<'float32'>().slice();
  });
  return Array.from({ length: n }, (_, i): Place => [places[i * 2] ?? 0, places[i * 2 + 1] ?? 0]);
}

/** Gram and Schmidt, for two columns; a column of 0 stays one. */
function orthonormal(columns: tf.Tensor): tf.Tensor2D {
  const [first, second] = tf.split(columns, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
  const a = unit(first);
  const b = unit(tf.sub(second, tf.mul(a, tf.sum(tf.mul(a, second)))));
  return tf.concat([a, b], 1);
}

function unit(column: tf.Tensor): tf.Tensor2D {
  return tf.div(column, tf.maximum(tf.norm(column), 1e-12));
}
