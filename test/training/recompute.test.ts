import { describe, expect, it } from 'vitest';

import { trainingFunctions } from '../../src/distributed/training-functions.js';
import * as tf from '../../src/tensorflow/tf.js';
import type { ConcreteFunction } from '../../src/tracing/concrete-function.js';
import { recomputeActivations } from '../../src/tracing/recompute-activations.js';
import { fit } from '../../src/training/fit.js';
import { accuracy, sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import { SGD } from '../../src/training/optimizers/sgd.js';
import { TrainSteps } from '../../src/training/steps/train-steps.js';
import { forgetNames } from '../helpers/models/forget-names.js';

/** Blocks with a shortcut, batch normalization and, where asked for, dropout and squeeze-and-excitation. */
function residual(blocks: number, { dropout = false, squeeze = false } = {}): tf.LayersModel {
  const conv = (filters: number, seed: number) =>
    tf.layers.conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false, kernelInitializer: tf.initializers.heNormal({ seed }) }); // prettier-ignore
  const input = tf.input({ shape: [16, 16, 3] });
  let x = conv(8, 1).apply(input) as tf.SymbolicTensor;
  for (let block = 0; block < blocks; block += 1) {
    let y = tf.layers.batchNormalization().apply(x) as tf.SymbolicTensor;
    y = tf.layers.activation({ activation: 'relu' }).apply(y) as tf.SymbolicTensor;
    y = conv(8, 2 + block).apply(y) as tf.SymbolicTensor;
    if (dropout) y = tf.layers.dropout({ rate: 0.4, seed: block + 1 }).apply(y) as tf.SymbolicTensor;
    if (squeeze) {
      const mean = tf.layers.globalAveragePooling2d({}).apply(y) as tf.SymbolicTensor;
      const gates = tf.layers.dense({ units: 8, activation: 'sigmoid', kernelInitializer: tf.initializers.heNormal({ seed: 40 }) }).apply(mean) as tf.SymbolicTensor; // prettier-ignore
      y = tf.layers.multiply().apply([y, tf.layers.reshape({ targetShape: [1, 1, 8] }).apply(gates) as tf.SymbolicTensor]) as tf.SymbolicTensor; // prettier-ignore
    }
    x = tf.layers.add().apply([x, y]) as tf.SymbolicTensor;
  }
  const pooled = tf.layers.globalAveragePooling2d({}).apply(x) as tf.SymbolicTensor;
  const logits = tf.layers.dense({ units: 3, kernelInitializer: tf.initializers.heNormal({ seed: 9 }), kernelRegularizer: tf.regularizers.l2({ l2: 0.01 }) }).apply(pooled) as tf.SymbolicTensor; // prettier-ignore
  return tf.model({ inputs: input, outputs: logits });
}

function chain(): tf.LayersModel {
  const input = tf.input({ shape: [16, 16, 3] });
  let x: tf.SymbolicTensor = input;
  // TF.js takes the seed 0 for none.
  for (let seed = 1; seed < 12; seed += 1) {
    const kernelInitializer = tf.initializers.heNormal({ seed });
    x = tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'tanh', kernelInitializer }).apply(x) as tf.SymbolicTensor; // prettier-ignore
  }
  return tf.model({ inputs: input, outputs: logitsOf(x) });
}

/** One layer behind the images. */
function shallow(): tf.LayersModel {
  const input = tf.input({ shape: [16, 16, 3] });
  return tf.model({ inputs: input, outputs: logitsOf(input) });
}

function logitsOf(x: tf.SymbolicTensor): tf.SymbolicTensor {
  const flat = tf.layers.flatten().apply(x) as tf.SymbolicTensor;
  return tf.layers.dense({ units: 3, kernelInitializer: tf.initializers.heNormal({ seed: 9 }) }).apply(flat) as tf.SymbolicTensor; // prettier-ignore
}

function compiled(make: () => tf.LayersModel): tf.LayersModel {
  forgetNames();
  const model = make();
  const metrics = [accuracy as unknown as string];
  model.compile({ optimizer: new SGD({ learningRate: 0.05, momentum: 0.9 }), loss: sparseCategoricalCrossentropy, metrics }); // prettier-ignore
  return model;
}

/** Losses and weights of three steps. */
async function trained(make: () => tf.LayersModel, recompute: boolean) {
  const model = compiled(make);
  const options = { jit: 'graph', classWeight: {}, augmentation: null, onNote: () => undefined, recompute } as const;
  const steps = await TrainSteps.compile(model, options);
  const [x, y] = [tf.randomUniform([6, 16, 16, 3], 0, 1, 'float32', 3), tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32')];
  const losses: number[] = [];
  for (let step = 0; step < 3; step += 1)
    losses.push(...steps.train([x, y]).map((value) => value.dataSync()[0] ?? NaN));
  steps.readVariables();
  const weights = model.weights.map((weight) => Array.from(weight.read().dataSync()));
  steps.dispose();
  tf.dispose([x, y]);
  model.dispose();
  return { losses, weights };
}

const networks: readonly (readonly [string, () => tf.LayersModel, number])[] = [
  // Of layers that each keep one tensor, 2 √n remain.
  ['a chain', chain, 0.6],
  ['blocks with shortcuts and batch normalization', () => residual(8), 0.5],
  ['blocks with dropout and squeeze-and-excitation', () => residual(8, { dropout: true, squeeze: true }), 0.5],
];

describe('recompute', () => {
  it.each(networks)('%s: losses, weights and moving averages are equal, bit for bit', async (_, make) => {
    const [usual, recomputed] = [await trained(make, false), await trained(make, true)];
    expect(recomputed).toEqual(usual);
    expect(new Set(usual.losses).size).toBeGreaterThan(3);
  });

  it.each(networks)('%s: the backward pass takes a part of what it took', (_, make, share) => {
    const model = compiled(make);
    const { compute_gradients: step } = trainingFunctions(model, {}).functions;
    const { compute_gradients: recomputed } = trainingFunctions(model, { recompute: true }).functions;
    model.dispose();
    expect(keptElements(recomputed, step)).toBeLessThan(keptElements(step, step) * share);
    // Only the forward pass has nodes twice, and each of them once more at most.
    const copies = recomputed.definition.nodeDef.filter(({ name }) => name.endsWith('_again'));
    expect(copies.length).toBeGreaterThan(5);
    expect(new Set(copies.map(({ name }) => name)).size).toBe(copies.length);
    expect(copies.filter(({ op }) => /Grad|Backprop|Random/.test(op))).toEqual([]);
  });

  it('a step of few layers stays as it is', () => {
    const model = compiled(shallow);
    const { compute_gradients: step } = trainingFunctions(model, {}).functions;
    model.dispose();
    expect(recomputeActivations(step, 'loss_sum')).toBe(step);
  });

  it('is refused where steps are no graphs', async () => {
    const model = compiled(chain);
    const data = tf.data.array([{ xs: tf.zeros([1, 16, 16, 3]), ys: tf.zeros([1], 'int32') }]);
    const attempt = fit(model, data, { epochs: 1, jit: 'xla', recompute: true });
    await expect(attempt).rejects.toThrowErrorMatchingInlineSnapshot(
      `[SignetError: recompute (--recompute) is for steps that run as a graph: jit (--jit) auto or graph. Received: true with jit xla.]`,
    );
    model.dispose();
  });
});

/** Elements of results of the original step's forward pass that nodes take which come after the loss. */
function keptElements({ definition, tracedSizes }: ConcreteFunction, original: ConcreteFunction): number {
  const positions = new Map(original.definition.nodeDef.map(({ name }, position) => [name, position]));
  // Gradients begin with the first op that is made for them.
  const end = original.definition.nodeDef.findIndex(({ op, name }) => /Grad|Backprop/.test(op) && positions.has(name));
  const taken = new Set(
    definition.nodeDef
      .filter(({ name }) => (positions.get(name) ?? Infinity) >= end)
      .flatMap(({ input }) => input)
      .filter((tensor) => (positions.get(tensor.split(':')[0] ?? '') ?? Infinity) < end),
  );
  return [...taken].reduce((sum, tensor) => sum + (tracedSizes.get(tensor)?.elements ?? 0), 0);
}
