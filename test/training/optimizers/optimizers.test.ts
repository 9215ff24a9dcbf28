import { describe, expect, it } from 'vitest';

import * as tf from '../../../src/tensorflow/tf.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../../src/tracing/tf-function.js';
import { fit } from '../../../src/training/fit.js';
import { AdamW } from '../../../src/training/optimizers/adam-w.js';
import { Adam } from '../../../src/training/optimizers/adam.js';
import type { Optimizer } from '../../../src/training/optimizers/optimizer.js';
import { RMSprop } from '../../../src/training/optimizers/rmsprop.js';
import { SGD } from '../../../src/training/optimizers/sgd.js';
import {
  largestDifference,
  optimizerCases,
  startAndGradients,
  stepCompiled,
  stepEagerly,
} from '../../helpers/training/optimizer-cases.js';
import { tinyModel } from '../../helpers/training/tiny-training.js';

/** One element's step in double precision: its new value, from its slots, which it changes. */
type Reference = (w: number, g: number, t: number, slots: Record<'m' | 'v', number>) => number;

/** The weights after each of the 20 steps, one element after another. */
function stepByHand(reference: Reference): number[][] {
  const { start, gradients } = startAndGradients();
  const weights = start.flat();
  const slots = weights.map(() => ({ m: 0, v: 0 }));
  return gradients.map((step, t) => {
    step.flat().forEach((g, i) => {
      weights[i] = reference(weights[i] ?? NaN, g, t + 1, slots[i] ?? { m: NaN, v: NaN });
    });
    return [...weights];
  });
}

/** Kingma and Ba, algorithm 1 with the bias corrections in the step size; weights decay as in Loshchilov and Hutter. */
const adam =
  (decay: number): Reference =>
  (w, g, t, slots) => {
    slots.m = 0.9 * slots.m + 0.1 * g;
    slots.v = 0.999 * slots.v + 0.001 * g * g;
    const alpha = (0.01 * Math.sqrt(1 - 0.999 ** t)) / (1 - 0.9 ** t);
    return w - 0.01 * decay * w - (alpha * slots.m) / (Math.sqrt(slots.v) + 1e-7);
  };

const references: readonly (readonly [string, () => Optimizer, Reference])[] = [
  ['SGD', () => new SGD({ learningRate: 0.1 }), (w, g) => w - 0.1 * g],
  [
    'SGD with momentum',
    () => new SGD({ learningRate: 0.1, momentum: 0.9 }),
    (w, g, _t, slots) => {
      slots.m = 0.9 * slots.m - 0.1 * g;
      return w + slots.m;
    },
  ],
  [
    "SGD with Nesterov's momentum",
    () => new SGD({ learningRate: 0.1, momentum: 0.9, nesterov: true }),
    (w, g, _t, slots) => {
      slots.m = 0.9 * slots.m - 0.1 * g;
      return w + 0.9 * slots.m - 0.1 * g;
    },
  ],
  ['Adam', () => new Adam({ learningRate: 0.01 }), adam(0)],
  ['AdamW', () => new AdamW({ learningRate: 0.01, weightDecay: 0.1 }), adam(0.1)],
  [
    'RMSprop',
    () => new RMSprop({ learningRate: 0.01, momentum: 0.5 }),
    (w, g, _t, slots) => {
      slots.v = 0.9 * slots.v + 0.1 * g * g;
      slots.m = 0.5 * slots.m + (0.01 * g) / Math.sqrt(slots.v + 1e-7);
      return w - slots.m;
    },
  ],
];

describe('optimizers', () => {
  it.each(references)('%s follows its formula, op by op and compiled', async (_name, make, reference) => {
    const expected = stepByHand(reference);
    expect(largestDifference(stepEagerly(make()), expected)).toBeLessThan(5e-6);
    expect(largestDifference(await stepCompiled(make()), expected)).toBeLessThan(5e-6);
  });

  it.each(optimizerCases)('%s is the same op by op and compiled', async (_python, make) => {
    // TensorFlow's fused ops take 1 - beta in float32, which for Adam's 0.999 is off by one part in 80,000.
    expect(largestDifference(stepEagerly(make()), await stepCompiled(make()))).toBeLessThan(1e-5);
  });

  it.each(optimizerCases)('%s keeps nothing once it is disposed of', (_python, make) => {
    const before = tf.memory().numTensors;
    const optimizer = make();
    stepEagerly(optimizer);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    [new SGD(), 'ResourceApplyGradientDescent'],
    [new SGD({ momentum: 0.5 }), 'ResourceApplyKerasMomentum'],
    [new Adam(), 'ResourceApplyAdam'],
    [new AdamW(), 'ResourceApplyAdam'],
    [new RMSprop({ momentum: 0.5 }), 'ResourceApplyRMSProp'],
    [new RMSprop({ momentum: 0.5, centered: true }), 'ResourceApplyCenteredRMSProp'],
  ])('are one op a variable in a graph: case %#', (optimizer, op) => {
    const weights = [tf.variable(tf.zeros([2])), tf.variable(tf.zeros([3]))];
    const step = tfFunction(
      (g: tf.Tensor) => {
        const gradients = weights.map(({ name, shape }) => ({ name, tensor: tf.mul(g, tf.ones(shape)) }));
        optimizer.applyGradients(gradients);
        return tf.add(g, 1);
      },
      { inputSignature: { g: tensorSpec('float32', []) } },
    );
    const ops = step.getConcreteFunction().definition.nodeDef.map((node) => node.op);
    expect(ops.filter((each) => each === op)).toHaveLength(2);
    tf.dispose(weights);
    optimizer.dispose();
  });

  it('leaves weights alone that are excluded from decay', () => {
    const optimizer = new SGD({ learningRate: 1, weightDecay: 0.5, excludeFromWeightDecay: ['bias'] });
    const weights = ['kernel', 'bias'].map((name) => tf.variable(tf.scalar(8), true, `excluded/${name}`));
    optimizer.applyGradients(weights.map(({ name }) => ({ name, tensor: tf.scalar(0) })));
    expect(weights.map((weight) => weight.dataSync()[0])).toEqual([4, 8]);
    tf.dispose(weights);
  });

  it('has the same weights after steps that accumulate as after one of all their images', async () => {
    const kernel = async (optimizer: Optimizer, batches: number) => {
      const model = tinyModel(optimizer);
      // The batches of tinyDataset(1) are all alike: their mean is any of them.
      const same = tf.data.generator(function* () {
        for (let i = 0; i < batches; i += 1) {
          yield {
            xs: tf.tensor2d([1, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 1], [4, 3]),
            ys: tf.tensor1d([0, 1, 0, 1], 'int32'),
          };
        }
      });
      await fit(model, same, { epochs: 1 });
      return { weights: Array.from(model.getWeights()[0]?.dataSync() ?? []), iterations: optimizer.iterations };
    };
    const accumulating = () => new Adam({ learningRate: 0.1, gradientAccumulationSteps: 3 });
    expect(await kernel(accumulating(), 2)).toEqual({ weights: [0, 0, 0, 0, 0, 0], iterations: 0 });
    const one = await kernel(new Adam({ learningRate: 0.1 }), 1);
    const three = await kernel(accumulating(), 3);
    expect(three.iterations).toBe(1);
    expect(largestDifference([three.weights], [one.weights])).toBeLessThan(1e-6);
  });

  it.each([
    [() => new SGD({ momentum: 2 }), 'momentum is a number, from 0 to 1. Received: 2.'],
    [() => new Adam({ learningRate: NaN }), 'learningRate is a number, 0 or more. Received: NaN.'],
    [() => new Adam({ beta2: 1 }), 'beta2 is a number, 0 or more and below 1. Received: 1.'],
    [() => new SGD({ clipnorm: 0 }), 'clipnorm is a number, more than 0. Received: 0.'],
    [
      () => new SGD({ clipnorm: 1, clipvalue: 2 }),
      'Only one of clipnorm, clipvalue and globalClipnorm can be set. Received: clipnorm=1, clipvalue=2.',
    ],
    [
      () => new SGD({ gradientAccumulationSteps: 1 }),
      'gradientAccumulationSteps is a number, whole and 2 or more. Received: 1.',
    ],
  ])('refuses what it cannot do: case %#', (make, message) => {
    expect(make).toThrow(message);
  });
});
