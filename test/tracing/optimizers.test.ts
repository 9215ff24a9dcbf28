import { describe, expect, it } from 'vitest';

import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import * as tf from '../../src/tensorflow/tf.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';

const optimizers: Readonly<Record<string, () => tf.Optimizer>> = {
  sgd: () => tf.train.sgd(0.1),
  momentum: () => tf.train.momentum(0.1, 0.9),
  'momentum after Nesterov': () => tf.train.momentum(0.1, 0.9, true),
  adagrad: () => tf.train.adagrad(0.1),
  adadelta: () => tf.train.adadelta(0.1),
  adam: () => tf.train.adam(0.1),
  adamax: () => tf.train.adamax(0.1),
  rmsprop: () => tf.train.rmsprop(0.1),
  'rmsprop with momentum, centered': () => tf.train.rmsprop(0.1, 0.9, 0.5, 1e-7, true),
};

describe('a step of an optimizer', () => {
  it.each(Object.entries(optimizers))('%s is the same eager and compiled, at any batch', async (_, make) => {
    const weights = tf.variable(tf.tensor1d([1, -2, 3]));
    const optimizer = make();
    const step = (x: tf.Tensor) =>
      tf.tidy(() => {
        const loss = () => tf.mean(tf.square(tf.sum(tf.mul(x, weights), 1))).asScalar();
        const { value, grads } = tf.variableGrads(loss, [weights]);
        optimizer.applyGradients(grads);
        return value;
      });
    const graph = tfFunction(step, { inputSignature: { x: tensorSpec('float32', [null, 3]) } }).getConcreteFunction();
    const compiled = await CompiledFunctions.compile({ step: graph });
    const batches = [4, 1, 7, 2].map((size) => tf.randomUniform([size, 3], -1, 1, 'float32', size));
    const fromGraph = batches.map((x) => compiled.call('step', [x]).output_0?.dataSync()[0] ?? NaN);
    const eager = batches.map((x) => step(x).dataSync()[0] ?? NaN);
    fromGraph.forEach((loss, i) => expect(Math.abs(loss - (eager[i] ?? NaN))).toBeLessThan(1e-4));
    compiled.dispose();
  });
});
