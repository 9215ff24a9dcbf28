/**
 * Products of many matrices by one.
 *
 * `BatchMatMulV2` of [b, 1, m, k] by [k, n] writes beyond its result (TensorFlow 2.21, oneDNN): the process dies then or later. One
 * matrix for all is one product of [b * m, k] by [k, n], which is also faster.
 */
import * as tf from '../loading/library.js';
import { replacedGradient, replacedKernel } from './replaced.js';

replacedKernel('BatchMatMul', (original) => (params) => {
  const { a, b } = params.inputs as unknown as { readonly a: tf.Tensor; readonly b: tf.Tensor };
  const { transposeA, transposeB } = params.attrs as unknown as tf.BatchMatMulAttrs;
  if (!isOneForAll(a.shape, b.shape)) return original(params);
  return tf.tidy(() => {
    const rows = transposeA ? tf.transpose(a, swapped(a.rank)) : a;
    const batch = [...new Array<number>(Math.max(0, b.rank - a.rank)).fill(1), ...rows.shape.slice(0, -1)];
    const [k = 1] = rows.shape.slice(-1);
    const inputs = {
      a: tf.reshape(rows, [tf.util.sizeFromShape(rows.shape.slice(0, -1)), k]),
      b: tf.reshape(b, b.shape.slice(-2)),
    };
    const attrs = { transposeA: false, transposeB };
    const product = original({ ...params, inputs, attrs }) as unknown as tf.Tensor;
    return tf.reshape(product, [...batch, product.shape[1] ?? 0]);
  });
});

/** Whether `b` is one matrix and `a` several. Ranks decide where they can, since a batch of 1 must take the same path as any other. */
function isOneForAll(a: readonly number[], b: readonly number[]): boolean {
  const batch = a.slice(0, -2);
  const isOne = b.slice(0, -2).every((size) => size === 1);
  return batch.length > 0 && isOne && (b.length < a.length || batch.some((size) => size !== 1));
}

/** The order of axes that transposes each matrix. */
function swapped(rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return [...axes.slice(0, -2), rank - 1, rank - 2];
}

/** TF.js does not take into account that the gradient of a matrix shared by all is the sum of their gradients. */
replacedGradient('BatchMatMul', (original) => ({
  ...original,
  gradFunc: (dy, saved, attrs) => {
    const [a, b] = saved as [tf.Tensor, tf.Tensor];
    const gradients = original.gradFunc(dy, saved, attrs);
    return { a: () => summedTo(gradients.a?.(), a.shape), b: () => summedTo(gradients.b?.(), b.shape) };
  },
}));

/** Sums over the axes along which `shape` was broadcast. */
function summedTo(gradient: tf.Tensor | undefined, shape: number[]): tf.Tensor {
  if (!gradient) throw new Error('unreachable: TF.js has a gradient for either matrix');
  const axes = tf.broadcast_util.getReductionAxes(shape, gradient.shape);
  return axes.length === 0 ? gradient : tf.reshape(tf.sum(gradient, axes), shape);
}
