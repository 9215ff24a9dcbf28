import { describe, expect, it } from 'vitest';

import { fusedBatchNorm } from '../../../src/tensorflow/mended/fused-batch-norm.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../../src/tracing/tf-function.js';

const epsilon = 1e-3;
const gamma = tf.tensor1d([0.5, 2, -1]);
const beta = tf.tensor1d([1, 0, -2]);
const images = tf.randomUniform([2, 3, 5, 3], -2, 3, 'float32', 1);
const weights = tf.randomUniform([2, 3, 5, 3], -1, 1, 'float32', 2);

/** What TF.js composes. */
function composed(x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) {
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  const output = tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, epsilon))), scale), offset);
  return { output, mean, variance };
}

function largestDifference(a: readonly tf.Tensor[], b: readonly tf.Tensor[]): number {
  return Math.max(...a.map((each, i) => tf.max(tf.abs(tf.sub(each, b[i] ?? NaN))).dataSync()[0] ?? NaN));
}

type Normalize = typeof composed;
const fused: Normalize = (x, scale, offset) => fusedBatchNorm(x, scale, offset, epsilon);
const gradientsOf = (normalize: Normalize) => (x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) =>
  tf.grads((...args: tf.Tensor[]) =>
    tf.sum(tf.mul(normalize(...(args as [tf.Tensor, tf.Tensor, tf.Tensor])).output, weights)),
  )([x, scale, offset]);

describe('fusedBatchNorm', () => {
  it('gives the numbers and the gradients of the formula, and the variance of the batch itself', () => {
    const [a, b] = [fused, composed].map((normalize) => Object.values(normalize(images, gamma, beta)));
    expect(largestDifference(a ?? [], b ?? [])).toBeLessThan(1e-5);
    const [x, y] = [fused, composed].map((normalize) => gradientsOf(normalize)(images, gamma, beta));
    expect(largestDifference(x ?? [], y ?? [])).toBeLessThan(1e-4);
  });

  it('leaves nothing in memory but what it gives', () => {
    const before = tf.memory().numTensors;
    tf.dispose(Object.values(fused(images, gamma, beta)));
    tf.dispose(gradientsOf(fused)(images, gamma, beta));
    expect(tf.memory().numTensors).toBe(before);
  });

  it('traces, for any number of images', () => {
    const fn = tfFunction((x: tf.Tensor) => ({ ...fused(x, gamma, beta) }), {
      inputSignature: { x: tensorSpec('float32', [null, null, 5, 3]) },
    });
    const { definition } = fn.getConcreteFunction();
    expect(definition.nodeDef.map(({ op }) => op)).toContain('FusedBatchNormV3');
  });
});

describe('a layer of batch normalization in training', () => {
  it('is differentiable twice, as in TF.js', () => {
    const layer = tf.layers.batchNormalization({ epsilon });
    layer.build(images.shape);
    const call = (x: tf.Tensor) => tf.sum(tf.square(layer.call(x, { training: true }) as tf.Tensor));
    const second = tf.grad((x) => tf.sum(tf.mul(tf.grad(call)(x), weights)))(images);
    const one = tf.ones([3]);
    const expected = tf.grad((x) =>
      tf.sum(tf.mul(tf.grad((y) => tf.sum(tf.square(composed(y, one, tf.zerosLike(one)).output)))(x), weights)),
    )(images);
    expect(tf.max(tf.abs(expected)).dataSync()[0]).toBeGreaterThan(1e-4);
    expect(largestDifference([second], [expected])).toBeLessThan(1e-4);
  });
});

describe('the gradient of an activation', () => {
  const x = tf.tensor1d([-3, -0.5, 0.25, 2, 7]);

  it.each([
    ['relu', tf.relu, [0, 0, 1, 1, 1]],
    ['relu6', tf.relu6, [0, 0, 1, 1, 0]],
    ['tanh', tf.tanh, [-3, -0.5, 0.25, 2, 7].map((value) => 1 - Math.tanh(value) ** 2)],
    ['sigmoid', tf.sigmoid, [-3, -0.5, 0.25, 2, 7].map((value) => Math.exp(-value) / (1 + Math.exp(-value)) ** 2)],
  ] as const)('is that of the formula: %s', (_, activation, expected) => {
    const gradient = tf.grad((value) => activation(value))(x);
    expect(largestDifference([gradient], [tf.tensor1d([...expected])])).toBeLessThan(1e-6);
  });

  it('has a gradient itself, where TF.js has one', () => {
    const squared = (gradient: tf.Tensor) => tf.sum(tf.square(gradient));
    const second = tf.grad((v) => squared(tf.grad((w) => tf.square(tf.relu(w)))(v)))(x);
    expect(Array.from(second.dataSync())).toEqual([0, 0, 2, 16, 56]);
  });
});
