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
    let axes = Float32Array.from({ length: features * 2 }, () => random() - 0.5);
    const along = () => tf.matMul(centered, tf.tensor2d(axes, [features, 2]));
    for (let step = 0; step < steps; step += 1) {
      axes = orthonormal(tf.tidy(() => tf.matMul(centered, along(), true).dataSync<'float32'>()));
    }
    return along().dataSync<'float32'>().slice();
  });
  return Array.from({ length: n }, (_, i): Place => [places[i * 2] ?? 0, places[i * 2 + 1] ?? 0]);
}

/**
 * Gram and Schmidt, for two columns, [n, 2]; a column of 0 stays one. In JavaScript: the numbers are few, and TF.js takes longer for its twenty ops than
 * for the products.
 */
function orthonormal(columns: Float32Array): Float32Array<ArrayBuffer> {
  const [a, b] = [0, 1].map((column) => columns.filter((_, i) => i % 2 === column)) as [Float32Array, Float32Array];
  const first = unit(a);
  const common = dot(first, b);
  const second = unit(b.map((value, i) => value - common * (first[i] ?? 0)));
  return Float32Array.from(columns, (_, i) => (i % 2 === 0 ? first : second)[i >> 1] ?? 0);
}

function unit(column: Float32Array): Float32Array {
  const length = Math.max(Math.sqrt(dot(column, column)), 1e-12);
  return column.map((value) => value / length);
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}
