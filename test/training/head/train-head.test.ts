import { beforeAll, describe, expect, it } from 'vitest';

import { imageDatasetFromDirectory } from '../../../src/data/dataset/image-dataset-from-directory.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { StoppedBeforeStep } from '../../../src/training/features/feature-source.js';
import { minimize } from '../../../src/training/head/lbfgs.js';
import { type FeatureBatches, LogisticRegression, scoreHead } from '../../../src/training/head/logistic-regression.js';
import { trainHead } from '../../../src/training/head/train-head.js';
import { copyDigits, type SmallDigits } from '../../helpers/data/small-digits.js';
import { mulberry32 } from '../../helpers/data/mulberry32.js';
import { TinyBackboneModel } from '../../helpers/models/tiny-backbone-model.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

const [images, features, classes] = [40, 5, 3];
const random = mulberry32(7);
const labels = Array.from({ length: images }, (_, i) => i % classes);
const rows = labels.map((label) => Array.from({ length: features }, (_, f) => random() * 2 + (f === label ? 0.8 : 0)));

/** Batches of 15 rows at most. */
function batchesOf(data: readonly (readonly number[])[]): FeatureBatches {
  const each: FeatureBatches['each'] = (visit) => {
    for (let at = 0; at < images; at += 15) {
      const xs = tf.tensor2d(data.slice(at, at + 15).map((row) => [...row]));
      const ys = tf.tensor1d(labels.slice(at, at + 15), 'int32');
      visit({ xs, ys });
      tf.dispose([xs, ys]);
    }
    return Promise.resolve();
  };
  return { features, each };
}

describe('minimize', () => {
  it('finds where a long valley is lowest', async () => {
    const scales = [1, 100, 0.01, 7];
    const objective = (at: Float64Array) => {
      const value = at.reduce((sum, x, i) => sum + (scales[i] ?? 0) * (x - i) ** 2, 0);
      return Promise.resolve({ value, gradient: at.map((x, i) => 2 * (scales[i] ?? 0) * (x - i)) });
    };
    const found = await minimize(objective, new Float64Array(4), { gradientTolerance: 1e-9, valueTolerance: 0 });
    found.forEach((x, i) => expect(x).toBeCloseTo(i, 6));
  });
});

describe('LogisticRegression', () => {
  const precise = { gradientTolerance: 1e-6, valueTolerance: 0, maxIterations: 300 };

  it('solves for each class by itself where images may have several', async () => {
    const several = (label: number) => [Number(label !== 1), Number(label === 2)];
    const batchesWith = (ysOf: (some: readonly number[]) => tf.Tensor1D | tf.Tensor2D): FeatureBatches => ({
      features,
      each: (visit) => batchesOf(rows).each(({ xs, ys }) => visit({ xs, ys: tf.tidy(() => ysOf(Array.from(ys.dataSync()))) })), // prettier-ignore
    });
    const all = batchesWith((some) => tf.tensor2d(some.map(several), [some.length, 2], 'int32'));
    const regression = await LogisticRegression.of(all, 2, { 0: 1, 1: 1 });
    const { kernel, bias } = await regression.solve(0.1, precise);
    for (const column of [0, 1]) {
      // Of two classes with twice the strength, the difference of both has the weights of the one.
      const two = batchesWith((some) =>
        tf.tensor1d(
          some.map((label) => several(label)[column] ?? 0),
          'int32',
        ),
      );
      const head = await (await LogisticRegression.of(two, 2)).solve(0.2, precise);
      for (let f = 0; f < features; f += 1) {
        const difference = (head.kernel[f * 2 + 1] ?? 0) - (head.kernel[f * 2] ?? 0);
        expect(kernel[f * 2 + column]).toBeCloseTo(difference, 3);
      }
      expect(bias[column]).toBeCloseTo((head.bias[1] ?? 0) - (head.bias[0] ?? 0), 3);
    }
    const { loss, accuracy } = await scoreHead(all, { kernel, bias });
    expect(loss).toBeLessThan(Math.log(2));
    expect(accuracy).toBeGreaterThan(0.6);
  });

  /** The regularized loss of a layer, in double precision; weights count for features that are centered and divided by their deviation and 0.3 of the mean one. */
  function objective(kernel: readonly number[], bias: readonly number[], strength: number, weightOf = [1, 1, 1]) {
    const means = Array.from(
      { length: features },
      (_, f) => rows.reduce((sum, row) => sum + (row[f] ?? 0), 0) / images,
    );
    const deviations = means.map((mean, f) => Math.sqrt(rows.reduce((a, row) => a + ((row[f] ?? 0) - mean) ** 2, 0) / images)); // prettier-ignore
    const floor = (0.3 * deviations.reduce((a, b) => a + b)) / features;
    const penalty = kernel.reduce((z, w, i) => z + (w * ((deviations[Math.floor(i / classes)] ?? 0) + floor)) ** 2, 0);
    let [sum, all] = [0, 0];
    rows.forEach((row, i) => {
      const logits = bias.map((b, c) => row.reduce((z, x, f) => z + x * (kernel[f * classes + c] ?? 0), b));
      const weight = weightOf[labels[i] ?? 0] ?? 1;
      sum += weight * (Math.log(logits.reduce((z, each) => z + Math.exp(each), 0)) - (logits[labels[i] ?? 0] ?? 0));
      all += weight;
    });
    return sum / all + (strength / 2) * penalty;
  }

  it.each([
    [0.1, [1, 1, 1]],
    [0.01, [3, 1, 0.5]],
  ])('finds the least regularized loss, strength %s', async (strength, weightOf) => {
    const regression = await LogisticRegression.of(batchesOf(rows), classes, Object.fromEntries(weightOf.entries()));
    const { kernel, bias } = await regression.solve(strength, precise);
    const [k, b] = [Array.from(kernel), Array.from(bias)];
    const least = objective(k, b, strength, weightOf);
    const slope = (values: number[], i: number) => {
      const moved = (by: number) => values.map((value, at) => (at === i ? value + by : value));
      const at = (by: number) => (values === k ? objective(moved(by), b, strength, weightOf) : objective(k, moved(by), strength, weightOf)); // prettier-ignore
      return (at(1e-4) - at(-1e-4)) / 2e-4;
    };
    k.forEach((_, i) => expect(Math.abs(slope(k, i))).toBeLessThan(1e-4));
    b.forEach((_, i) => expect(Math.abs(slope(b, i))).toBeLessThan(1e-4));
    expect(least).toBeLessThan(
      objective(
        k.map(() => 0),
        b,
        strength,
        weightOf,
      ),
    );
  });

  it('gives the same predictions for features that are moved and scaled', async () => {
    const scoreOf = async (data: readonly (readonly number[])[]) => {
      const batches = batchesOf(data);
      const head = await (await LogisticRegression.of(batches, classes)).solve(0.05, precise);
      return scoreHead(batches, head);
    };
    const [plain, moved] = [await scoreOf(rows), await scoreOf(rows.map((row) => row.map((x) => x * 50 + 3)))];
    expect(moved.loss).toBeCloseTo(plain.loss, 4);
    expect(moved.accuracy).toBe(plain.accuracy);
    expect(plain.accuracy).toBeGreaterThan(0.5);
  });
});

describe('trainHead', () => {
  let digits: SmallDigits;

  beforeAll(async () => {
    digits = copyDigits(await temporaryFolderForAll(), { classes: 3, images: 20 });
  });

  const make = () => new TinyBackboneModel({ classNames: ['0', '1', '2'], seed: 1 });
  const open = async (cacheMebibytes?: number) => ({
    train: await imageDatasetFromDirectory(digits.train, { batchSize: 7, seed: 3, cacheMebibytes }),
    validationData: await imageDatasetFromDirectory(digits.test, { batchSize: 7, shuffle: false, cacheMebibytes }),
  });
  const onNote = () => undefined;
  const valuesOf = (weights: tf.LayersModel['weights']) =>
    weights.flatMap((weight) => Array.from(weight.read().dataSync()));

  it('sets the last layer alone, by the strength with the least loss on the validation, and frees the rest', async () => {
    const model = make();
    const weights = () => new Map(model.layers.map(({ name, weights: own }) => [name, valuesOf(own)]));
    const before = weights();
    const trainable = model.layers.map((layer) => layer.trainable);
    const { train, validationData } = await open();
    const tensors = tf.memory().numTensors;
    const options = { validationData, strengths: [0.001, 0.1], onNote };
    const { strength, tried, train: score, validation } = await trainHead(model, train, options);
    expect(tf.memory().numTensors).toBe(tensors);
    const changed = [...weights()].filter(([name, values]) => values.join() !== before.get(name)?.join());
    expect(changed.map(([name]) => name)).toEqual(['logits']);
    expect(model.layers.map(({ trainable }) => trainable)).toEqual(trainable);
    expect([[0.001, 0.1].includes(strength), tried]).toEqual([true, [0.001, 0.1]]);
    expect(score.accuracy).toBeGreaterThan(0.6);
    // What it says of the head is what the whole model gives.
    model.compile({ optimizer: 'sgd' });
    const [loss, accuracy] = ((await model.evaluateDataset(validationData)) as tf.Scalar[]).map((each) => each.dataSync()[0]); // prettier-ignore
    expect(loss).toBeCloseTo(validation.loss, 4);
    expect(accuracy).toBeCloseTo(validation.accuracy, 5);
    model.dispose();
  });

  it('comes to the same head when features do not fit into memory', async () => {
    const heads = [];
    for (const cache of [undefined, 0]) {
      const [model, { train, validationData }] = [make(), await open(cache)];
      await trainHead(model, train, { validationData, strengths: [0.1], onNote, refit: true });
      heads.push(valuesOf(model.getLayer('logits').weights));
      model.dispose();
    }
    const [one = [], other = []] = heads;
    one.forEach((weight, i) => expect(weight).toBeCloseTo(other[i] ?? NaN, 2));
  });

  it('leaves the model as it was when it is stopped', async () => {
    const model = make();
    const before = valuesOf(model.getLayer('logits').weights);
    const { train, validationData } = await open();
    model.stopTraining = true;
    await expect(trainHead(model, train, { validationData, onNote })).rejects.toThrow(StoppedBeforeStep);
    expect(valuesOf(model.getLayer('logits').weights)).toEqual(before);
    model.dispose();
  });

  it('refuses a model without a head of logits', async () => {
    const model = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [4, 4, 3] })] });
    const { train, validationData } = await open();
    await expect(trainHead(model, train, { validationData, onNote })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[SignetError: trainHead takes a model with a dense layer of logits, with a bias and without an activation, at its end, as models with a backbone have. Received: Sequential.]`,
    );
  });
});
