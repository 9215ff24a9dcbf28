import { expect, it } from 'vitest';

import * as tf from '../../../src/tensorflow/tf.js';

/** The largest difference between two tensors. */
function difference(a: tf.Tensor | undefined, b: tf.Tensor | undefined): number {
  return a && b ? (tf.max(tf.abs(tf.sub(a, b))).dataSync()[0] ?? Infinity) : Infinity;
}

/** The product, matrix by matrix. */
function expected(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const all = (x: tf.Tensor) =>
    tf.unstack(tf.reshape(tf.broadcastTo(x, [...batch, ...x.shape.slice(-2)]), [-1, ...x.shape.slice(-2)]));
  const others = all(b);
  const products = all(a).map((matrix, i) => tf.matMul(matrix, others[i] ?? matrix));
  return tf.reshape(tf.stack(products), [...batch, a.shape.at(-2) ?? 0, b.shape.at(-1) ?? 0]);
}

it.each([
  [[9, 1, 13, 16], [16, 8]],
  [[9, 1, 13, 16], [1, 1, 16, 8]],
  [[3, 1, 5, 1], [1, 8]],
  [[4, 5, 3], [1, 1, 3, 2]],
  [[2, 1, 3, 4, 5], [1, 5, 6]],
  [[3, 4, 5], [3, 5, 2]],
  [[2, 3], [3, 4]],
])('%j by %j is the product of each, with gradients', (shapeA, shapeB) => {
  tf.tidy(() => {
    const [a, b] = [tf.randomUniform(shapeA, -1, 1), tf.randomUniform(shapeB, -1, 1)];
    const want = expected(a, b);
    // The memory that was overwritten is used by the next.
    for (let i = 0; i < 40; i++) tf.tidy(() => void tf.matMul(a, b));
    const product = tf.matMul(a, b);
    expect(product.shape).toEqual(want.shape);
    expect(difference(product, want)).toBeLessThan(1e-5);
    const weights = tf.randomUniform(want.shape);
    const gradients = (fn: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor) =>
      tf.grads((x: tf.Tensor, y: tf.Tensor) => tf.sum(tf.mul(fn(x, y), weights)))([a, b]);
    // By a product of elements, which TF.js has other gradients for.
    const byElement = gradients((x, y) => tf.sum(tf.mul(tf.expandDims(x, -1), tf.expandDims(y, -3)), -2));
    gradients((x, y) => tf.matMul(x, y)).forEach((gradient, i) => {
      expect(gradient.shape).toEqual(byElement[i]?.shape);
      expect(difference(gradient, byElement[i])).toBeLessThan(1e-4);
    });
  });
}); // prettier-ignore

it('transposes either', () => {
  const [a, b] = [tf.randomUniform([3, 1, 4, 5]), tf.randomUniform([6, 4])];
  const want = tf.matMul(tf.transpose(a, [0, 1, 3, 2]), tf.transpose(b));
  const product = tf.matMul(a, b, true, true);
  expect(product.shape).toEqual([3, 1, 5, 6]);
  expect(difference(product, want)).toBeLessThan(1e-5);
});
