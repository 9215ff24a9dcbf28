import { describe, expect, it } from 'vitest';

import * as tf from '../../src/tensorflow/tf.js';
import { balancedClassWeight, balancedPositiveWeight } from '../../src/training/class-weight.js';
import { Augmentation } from '../../src/training/augmentation/augmentation.js';
import { MixUp } from '../../src/training/augmentation/mix-up.js';
import { fit } from '../../src/training/fit.js';
import {
  accuracy,
  BinaryCrossentropy,
  binaryCrossentropy,
  SparseCategoricalCrossentropy,
  sparseCategoricalCrossentropy,
} from '../../src/training/losses.js';
import { Adam } from '../../src/training/optimizers/adam.js';
import { SGD } from '../../src/training/optimizers/sgd.js';
import { SmallClassifier } from '../helpers/models/small-classifier.js';
import { tinyDataset, tinyModel } from '../helpers/training/tiny-training.js';

const losses = (labels: number[], logits: number[][], labelSmoothing?: number) =>
  Array.from(
    tf.tidy(() =>
      sparseCategoricalCrossentropy(tf.tensor1d(labels, 'int32'), tf.tensor2d(logits), labelSmoothing).dataSync(),
    ),
  );

describe('sparseCategoricalCrossentropy', () => {
  it('is the negative logarithm of the probability of the label', () => {
    const [even, sure] = losses(
      [1, 0],
      [
        [0, 0],
        [Math.log(3), 0],
      ],
    );
    expect(even).toBeCloseTo(Math.log(2), 6);
    expect(sure).toBeCloseTo(-Math.log(3 / 4), 6);
  });

  it('spreads a part of each label over all classes', () => {
    const [loss] = losses([0], [[Math.log(3), 0]], 0.2);
    expect(loss).toBeCloseTo(-0.9 * Math.log(3 / 4) - 0.1 * Math.log(1 / 4), 6);
  });
});

describe('SparseCategoricalCrossentropy', () => {
  it('is a loss that a model is compiled with, and says its options', async () => {
    const loss = new SparseCategoricalCrossentropy({ labelSmoothing: 0.2 });
    expect(loss).toBeInstanceOf(SparseCategoricalCrossentropy);
    expect(loss.labelSmoothing).toBe(0.2);
    const model = tinyModel(new SGD({ learningRate: 0 }));
    model.compile({ optimizer: model.optimizer, loss });
    const history = await fit(model, tinyDataset(1), { epochs: 1 });
    expect(history.history.loss?.[0]).toBeCloseTo(Math.log(2), 6);
  });

  it('computes what the function computes', () => {
    const [labels, logits] = [tf.tensor1d([0], 'int32'), tf.tensor2d([[Math.log(3), 0]])];
    for (const labelSmoothing of [undefined, 0, 0.2]) {
      const [value] = tf.tidy(() => new SparseCategoricalCrossentropy({ labelSmoothing })(labels, logits).dataSync());
      expect(value).toBe(losses([0], [[Math.log(3), 0]], labelSmoothing)[0]);
    }
    tf.dispose([labels, logits]);
  });

  it.each([-0.1, 1.1, NaN])('refuses a label smoothing of %d', (labelSmoothing) => {
    expect(() => new SparseCategoricalCrossentropy({ labelSmoothing })).toThrow(
      `labelSmoothing is a number, from 0 to 1. Received: ${labelSmoothing}.`,
    );
  });
});

describe('class weights', () => {
  it('balance classes', () => {
    expect(balancedClassWeight([1, 3, 0])).toEqual({ 0: 4 / 3, 1: 4 / 9, 2: 1 });
    expect(balancedClassWeight([5, 5])).toEqual({ 0: 1, 1: 1 });
  });

  it('count in the loss that is trained on, and not in that of the validation', async () => {
    const run = async (classWeight: Record<number, number>) => {
      const options = { epochs: 1, classWeight, validationData: tinyDataset(1) };
      return (await fit(tinyModel(new SGD({ learningRate: 0 })), tinyDataset(1), options)).history;
    };
    const none = await run({});
    const heavy = await run({ 1: 3 });
    expect(none.loss?.[0]).toBeCloseTo(Math.log(2), 6);
    // Two of the four images are of class 1.
    expect(heavy.loss?.[0]).toBeCloseTo(2 * Math.log(2), 6);
    expect(heavy.val_loss).toEqual(none.val_loss);
  });

  it.each([
    [{ 2: 1 }, 'classWeight has a weight, 0 or more, for labels from 0 to 1. Received: 1 for label 2.'],
    [{ 0: -1 }, 'classWeight has a weight, 0 or more, for labels from 0 to 1. Received: -1 for label 0.'],
  ])('are of classes that there are: %j', async (classWeight, message) => {
    await expect(fit(tinyModel(new Adam()), tinyDataset(1), { epochs: 1, classWeight })).rejects.toThrow(message);
  });
});

describe('BinaryCrossentropy', () => {
  const labels = () => tf.tensor2d([[1, 0, 1]], [1, 3], 'int32');

  it('is the mean over the classes of the negative logarithms, also where a probability rounds to 0 or 1', () => {
    const logits = tf.tensor2d([[Math.log(3), 0, 200]]);
    const [loss] = tf.tidy(() => binaryCrossentropy(labels(), logits).dataSync());
    expect(loss).toBeCloseTo((-Math.log(3 / 4) - Math.log(1 / 2)) / 3, 6);
    const [wrong] = tf.tidy(() => binaryCrossentropy(labels(), tf.tensor2d([[-200, 200, 200]])).dataSync());
    expect(wrong).toBeCloseTo(400 / 3, 4);
    const [smoothed] = tf.tidy(() => new BinaryCrossentropy({ labelSmoothing: 0.2 })(labels(), logits).dataSync());
    const terms = [-0.9 * Math.log(3 / 4) - 0.1 * Math.log(1 / 4), Math.log(2), 0.1 * 200];
    expect(smoothed).toBeCloseTo(terms.reduce((a, b) => a + b) / 3, 5);
    const [weighed] = tf.tidy(() => binaryCrossentropy(labels(), logits, 0, [5, 7, 9]).dataSync());
    expect(weighed).toBeCloseTo((-5 * Math.log(3 / 4) + Math.log(2)) / 3, 6);
    expect(() => new BinaryCrossentropy({ labelSmoothing: 2 })).toThrow('labelSmoothing is a number, from 0 to 1.');
  });

  it('trains any model that is compiled with it, in a graph as op by op, with class weights and mixed images', async () => {
    const images = tf.randomUniform([6, 4, 4, 3], 0, 255, 'float32', 5);
    const ys = tf.tensor2d([1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 1], [6, 2], 'int32');
    const weightsAfter = async (jit: 'graph' | 'off', classWeight = { 0: 1, 1: 4 }) => {
      const layers = [
        tf.layers.flatten({ inputShape: [4, 4, 3] }),
        tf.layers.dense({ units: 2, kernelInitializer: 'zeros' }),
      ];
      const model = tf.sequential({ layers });
      const loss = new BinaryCrossentropy({ labelSmoothing: 0.1 });
      model.compile({ optimizer: new SGD({ learningRate: 1e-4 }), loss, metrics: [accuracy] });
      const dataset = tf.data.generator<tf.TensorContainer>(function* () {
        yield { xs: tf.clone(images), ys: tf.clone(ys) };
      });
      const augmentation = new Augmentation([new MixUp({ alpha: 1 })], { seed: 3 });
      const options = { epochs: 3, validationData: dataset, classWeight, augmentation, jit, onNote: fail };
      const { history } = await fit(model, dataset, options);
      return [
        ...model.getWeights().flatMap((each) => Array.from(each.dataSync())),
        ...(history.val_accuracy as number[]),
      ];
    };
    const fail = (note: string) => {
      throw new Error(note);
    };
    const [graph, eager] = [await weightsAfter('graph'), await weightsAfter('off')];
    graph.forEach((value, i) => expect(value).toBeCloseTo(eager[i] ?? NaN, 5));
    const others = await weightsAfter('graph', { 0: 1, 1: 1 });
    expect(Math.abs((others[1] ?? 0) - (graph[1] ?? 0))).toBeGreaterThan(1e-4);
    tf.dispose([images, ys]);
  });

  it('is what only multi-label classifiers are compiled with', () => {
    const [one, several] = [false, true].map((multiLabel) => new SmallClassifier({ classNames: ['a', 'b'], multiLabel })) as [SmallClassifier, SmallClassifier]; // prettier-ignore
    const optimizer = 'sgd';
    expect(() => one.compile({ optimizer, loss: binaryCrossentropy })).toThrow(
      'Make the classifier with multiLabel: true',
    );
    expect(() => several.compile({ optimizer, loss: sparseCategoricalCrossentropy })).toThrow('is trained with BinaryCrossentropy'); // prettier-ignore
    several.compile({ optimizer });
    expect(several.loss).toBe(binaryCrossentropy);
    one.dispose();
    several.dispose();
  });
});

describe('balancedPositiveWeight', () => {
  it('makes having a class count as much in all as not having it', () => {
    expect(balancedPositiveWeight([2, 5, 0, 10], 10)).toEqual({ 0: 4, 1: 1, 2: 1, 3: 1 });
  });
});
