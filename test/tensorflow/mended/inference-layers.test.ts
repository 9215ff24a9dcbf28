import { describe, expect, it } from 'vitest';

import * as tf from '../../../src/tensorflow/tf.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../../src/tracing/tf-function.js';

const images = tf.randomUniform([2, 3, 5, 4], -9, 9, 'float32', 1);

function opsOf(layers: readonly tf.layers.Layer[]): string[] {
  const call = (x: tf.Tensor) =>
    layers.reduce((input, layer) => layer.apply(input, { training: false }) as tf.Tensor, x);
  const fn = tfFunction(call, { inputSignature: { x: tensorSpec('float32', [null, null, null, 4]) } });
  const [{ definition } = { definition: undefined }] = fn.getConcreteFunction().library.slice(-1);
  return (definition?.nodeDef ?? [])
    .map(({ op }) => op)
    .filter((op) => !/^(?:Const|ReadVariableOp|Identity)$/.test(op));
}

describe('layers in inference mode', () => {
  it('are one op each, as TensorFlow fuses them with a convolution', () => {
    const { batchNormalization, conv2d, reLU } = tf.layers;
    const layers = [conv2d({ filters: 4, kernelSize: 1, useBias: false }), batchNormalization(), reLU({ maxValue: 6 })];
    expect(opsOf(layers)).toEqual(['Conv2D', 'FusedBatchNorm', 'Relu6']);
  });

  it.each([{}, { scale: false }, { center: false }])('normalize by their averages: %o', (options) => {
    const layer = tf.layers.batchNormalization({ epsilon: 0.01, ...options });
    layer.apply(images);
    layer.setWeights(layer.getWeights().map((weight, i) => tf.randomUniform(weight.shape, 0.5, 2, 'float32', i)));
    const weights = [...layer.getWeights()];
    const gamma = 'scale' in options ? tf.scalar(1) : weights.shift();
    const beta = 'center' in options ? tf.scalar(0) : weights.shift();
    const [mean = 0, variance = 1] = weights;
    const normal = tf.div(tf.sub(images, mean), tf.sqrt(tf.add(variance, 0.01)));
    const expected = tf.add(tf.mul(normal, gamma ?? 1), beta ?? 0);
    const actual = layer.apply(images) as tf.Tensor;
    expect(tf.max(tf.abs(tf.sub(actual, expected))).dataSync()[0]).toBeLessThan(1e-5);
    const gradient = tf.grad((x) => tf.sum(layer.apply(x) as tf.Tensor))(images);
    const slope = tf.mul(tf.div(gamma ?? 1, tf.sqrt(tf.add(variance, 0.01))), tf.onesLike(images));
    expect(tf.max(tf.abs(tf.sub(gradient, slope))).dataSync()[0]).toBeLessThan(1e-5);
  });

  it('cut off at six, and at any other number', () => {
    const [six, two] = [6, 2].map(
      (maxValue) => tf.layers.reLU({ maxValue }).apply(tf.tensor2d([[-1, 3, 8]])) as tf.Tensor,
    );
    expect([six?.arraySync(), two?.arraySync()]).toEqual([[[0, 3, 6]], [[0, 2, 2]]]);
  });
});
