import { describe, expect, it } from 'vitest';

import { imageDatasetFromDirectory } from '../../../src/data/dataset/image-dataset-from-directory.js';
import { LenetModel } from '../../../src/models/lenet-model.js';
import { withRandomStep } from '../../../src/ops/random-step.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { Augmentation, type Transformation } from '../../../src/training/augmentation/augmentation.js';
import { MixUp } from '../../../src/training/augmentation/mix-up.js';
import { RandomBrightness } from '../../../src/training/augmentation/random-brightness.js';
import { RandomErasing } from '../../../src/training/augmentation/random-erasing.js';
import { RandomRotation } from '../../../src/training/augmentation/random-rotation.js';
import { RandomTranslation } from '../../../src/training/augmentation/random-translation.js';
import { fit, type FitOptions } from '../../../src/training/fit.js';
import { accuracy, sparseCategoricalCrossentropy } from '../../../src/training/losses.js';
import { Adam } from '../../../src/training/optimizers/adam.js';
import { SGD } from '../../../src/training/optimizers/sgd.js';

const shape = [6, 8, 8, 3] as const;
const images = tf.randomUniform<tf.Rank.R4>([...shape], 0, 255, 'float32', 3);
const labels = tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32');

/** One batch, in batches of 6 and 5. */
const data = () =>
  tf.data.generator<tf.TensorContainer>(function* () {
    yield { xs: tf.clone(images), ys: tf.clone(labels) };
    yield { xs: tf.slice(images, 0, 5), ys: tf.slice(labels, 0, 5) };
  });

function smallModel(optimizer: tf.Optimizer = new SGD({ learningRate: 0.001 })): tf.LayersModel {
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 4 });
  const model = tf.sequential({
    layers: [tf.layers.flatten({ inputShape: [8, 8, 3] }), tf.layers.dense({ units: 3, kernelInitializer })],
  });
  model.compile({ optimizer, loss: sparseCategoricalCrossentropy, metrics: [accuracy] });
  return model;
}

async function train(transformations: Transformation[], options: Partial<FitOptions<tf.TensorContainer>> = {}) {
  const model = smallModel();
  const augmentation = new Augmentation(transformations, { seed: 1 });
  const { history } = await fit(model, data(), { epochs: 3, jit: 'graph', augmentation, ...options });
  const weights = model.getWeights().map((weight) => Array.from(weight.dataSync()));
  return { history: history as Record<string, number[]>, weights, model };
}

const some = () => [
  new RandomRotation({ factor: 0.2 }),
  new RandomBrightness({ factor: 0.3 }),
  new MixUp({ alpha: 1 }),
];

describe('fit with an augmentation', () => {
  it('gives the same weights for the same seed, as a graph, by XLA and op by op', async () => {
    const [once, again, eager, xla] = [
      await train(some()),
      await train(some()),
      await train(some(), { jit: 'off' }),
      await train(some(), { jit: 'xla', onNote: (note) => expect.fail(note) }),
    ];
    expect(again.weights).toEqual(once.weights);
    for (const other of [eager, xla]) {
      other.weights.flat().forEach((value, i) => expect(value).toBeCloseTo(once.weights.flat()[i] ?? NaN, 3));
    }
    expect((await train(some(), { augmentation: new Augmentation(some(), { seed: 2 }) })).weights).not.toEqual(
      once.weights,
    );
    expect((await train([])).weights).not.toEqual(once.weights);
  });

  it('leaves the images of the validation as they are', async () => {
    const black = [new RandomErasing({ scale: [1, 1], fillValue: 0 })];
    const plain = await train([], { epochs: 1, validationData: data() });
    const { history, model } = await train(black, { epochs: 1, validationData: data() });
    // All is black: a model without biases, which are 0 at first, knows nothing of the classes.
    expect(history.loss?.[0]).toBeCloseTo(Math.log(3), 2);
    expect(history.val_loss?.[0]).not.toBeCloseTo(Math.log(3), 1);
    const [loss] = (await model.evaluateDataset(data() as never, {})) as tf.Scalar[];
    expect(history.val_loss?.[0]).toBeCloseTo(loss?.dataSync()[0] ?? NaN, 4);
    expect(plain.history.loss?.[0]).not.toBeCloseTo(Math.log(3), 1);
  });

  it.each([{}, { 0: 1, 1: 5, 2: 0.5 }] as Record<number, number>[])(
    'mixes the losses of both labels, with class weights %o',
    async (classWeight) => {
      const augmentation = new Augmentation([new MixUp({ alpha: 2 })], { seed: 9 });
      const first = tf.data.generator<tf.TensorContainer>(function* () {
        yield { xs: tf.clone(images), ys: tf.clone(labels) };
      });
      const expected = tf.tidy(() => {
        const mixed = withRandomStep(tf.scalar(0, 'int32'), () => augmentation.call(images));
        const [weights = [], partners = []] = [mixed.weights?.arraySync(), mixed.partners?.arraySync()];
        const logProbabilities = tf.logSoftmax(smallModel().predict(mixed.images) as tf.Tensor2D).arraySync();
        const own = labels.arraySync();
        const part = (i: number, label: number, weight: number) =>
          -weight * (classWeight[label] ?? 1) * (logProbabilities[i]?.[label] ?? NaN);
        const losses = own.map(
          (label, i) =>
            part(i, label, weights[i] ?? NaN) + part(i, own[partners[i] ?? -1] ?? -1, 1 - (weights[i] ?? NaN)),
        );
        const right = own.filter(
          (label, i) => label === logProbabilities[i]?.indexOf(Math.max(...(logProbabilities[i] ?? []))),
        );
        return { loss: losses.reduce((sum, loss) => sum + loss) / 6, accuracy: right.length / 6 } as never;
      }) as unknown as { loss: number; accuracy: number };
      for (const jit of ['graph', 'off'] as const) {
        const { history } = await fit(smallModel(), first, { epochs: 1, jit, augmentation, classWeight });
        const relative = Number(history.loss?.[0]) / expected.loss;
        expect(relative).toBeCloseTo(1, 4);
        expect(history.accuracy?.[0]).toBeCloseTo(expected.accuracy, 5);
      }
    },
  );

  it('leaves no tensor behind', async () => {
    const model = smallModel();
    const augmentation = new Augmentation(some());
    await fit(model, data(), { epochs: 1, jit: 'graph', augmentation });
    const before = tf.memory().numTensors;
    await fit(model, data(), { epochs: 2, jit: 'graph', augmentation });
    await fit(model, data(), { epochs: 1, jit: 'off', augmentation });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses a model that takes no images', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
    model.compile({ optimizer: new SGD({ learningRate: 0.1 }), loss: sparseCategoricalCrossentropy });
    const training = fit(model, data(), { epochs: 1, jit: 'graph', augmentation: new Augmentation([]) });
    await expect(training).rejects.toThrow(
      'augmentation is for models with one input of images [n, height, width, channels] and one output. Received: [n, 3], 1 output(s).',
    );
  });

  it('learns digits that are turned, moved and mixed', async () => {
    const options = { imageSize: [28, 28] as const, seed: 1, validationSplit: 0.2 };
    const digits = await imageDatasetFromDirectory('data/digits/train', { ...options, subset: 'training' });
    const validation = await imageDatasetFromDirectory('data/digits/train', {
      ...options,
      subset: 'validation',
      shuffle: false,
    });
    const model = new LenetModel({ classNames: digits.classNames, seed: 1 });
    model.compile({
      optimizer: new Adam({ learningRate: 0.001 }),
      loss: sparseCategoricalCrossentropy,
      metrics: [accuracy],
    });
    const transformations = [
      new RandomRotation({ factor: 0.03 }),
      new RandomTranslation({ heightFactor: 0.1, widthFactor: 0.1, fillMode: 'nearest' }),
      new MixUp(),
    ];
    const { history } = await fit(model, digits, {
      epochs: 12,
      jit: 'graph',
      validationData: validation,
      augmentation: new Augmentation(transformations),
    });
    expect(Math.max(...(history.val_accuracy as number[]))).toBeGreaterThan(0.85);
    [digits, validation].forEach((each) => each.dispose());
  });
});
