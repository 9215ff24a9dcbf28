import { describe, expect, it } from 'vitest';

import * as tf from '../../src/tensorflow/tf.js';
import { balancedClassWeight } from '../../src/training/class-weight.js';
import { fit } from '../../src/training/fit.js';
import { SparseCategoricalCrossentropy, sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import { Adam } from '../../src/training/optimizers/adam.js';
import { SGD } from '../../src/training/optimizers/sgd.js';
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
