import path from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { imageDatasetFromDirectory } from '../../src/data/dataset/image-dataset-from-directory.js';
import { ImageClassifierModel, type ImageClassifierOptions } from '../../src/models/image-classifier-model.js';
import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { CSVLogger } from '../../src/training/callbacks/csv-logger.js';
import { fit } from '../../src/training/fit.js';
import { sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import { Adam } from '../../src/training/optimizers/adam.js';
import { SGD } from '../../src/training/optimizers/sgd.js';
import { evaluateOpByOp, fitOpByOp } from '../helpers/models/fit-op-by-op.js';
import { SmallClassifier } from '../helpers/models/small-classifier.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const classNames = ['a', 'b', 'c'];

function made() {
  return new SmallClassifier({ classNames, seed: 1 });
}

/** Three batches of which the last is smaller. */
function data() {
  const batches = [4, 4, 2].map((n, seed) => ({
    xs: tf.randomUniform([n, 8, 8, 3], 0, 255, 'float32', seed + 1),
    ys: tf.tensor1d(Array.from({ length: n }, (_, i) => i % 3), 'int32'), // prettier-ignore
  }));
  return tf.data.generator(function* () {
    for (const { xs, ys } of batches) yield { xs: xs.clone(), ys: ys.clone() };
  });
}

/** A loss that counts how often JavaScript computes it: a graph computes it only while it is traced. */
function countingLoss() {
  const counting = { calls: 0, loss };
  function loss(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
    counting.calls += 1;
    return sparseCategoricalCrossentropy(labels, logits);
  }
  return counting;
}

function expectSame(received: readonly unknown[] | undefined, expected: readonly unknown[] | undefined): void {
  expect(received).toHaveLength(expected?.length ?? NaN);
  received?.forEach((value, i) => expect(value).toBeCloseTo(Number(expected?.[i]), 5));
}

describe('layers of a classifier', () => {
  class Listed extends ImageClassifierModel {
    constructor(options: ImageClassifierOptions) {
      super(options, [8, 8], (_, classes) => [
        tf.layers.flatten({ name: 'flatten' }),
        tf.layers.dense({ units: classes, name: 'logits' }),
      ]);
    }
  }
  class Applied extends ImageClassifierModel {
    constructor(options: ImageClassifierOptions) {
      super(options, [8, 8], (images, classes) => {
        const flat = tf.layers.flatten({ name: 'flatten' }).apply(images);
        return tf.layers.dense({ units: classes, name: 'logits' }).apply(flat) as tf.SymbolicTensor;
      });
    }
  }

  it('are given as a list or as the logits that they make of the images', async () => {
    const image = tf.randomUniform([2, 9, 7, 3], 0, 255, 'float32', 1);
    const [listed, applied] = [new Listed({ classNames, seed: 3 }), new Applied({ classNames, seed: 3 })];
    const expected = applied.predictNumpyImage(image).dataSync();
    expect(listed.predictNumpyImage(image).dataSync()).toEqual(expected);
    const directory = path.join(await temporaryFolder(), '1');
    await listed.save(directory);
    const loaded = await LoadedSavedModel.load(directory);
    onTestFinished(() => loaded.dispose());
    expectSame(
      [...(loaded.call('serving_default', { input_tensor: image }).output_0?.dataSync() ?? [])],
      [...expected],
    );
  });

  it('may not be none', () => {
    class Empty extends ImageClassifierModel {
      constructor(options: ImageClassifierOptions) {
        super(options, [8, 8], () => []);
      }
    }
    expect(() => new Empty({ classNames })).toThrow(
      'A classifier of 3 classes gives one tensor of logits, [?, 3]. Received from Empty: [?, 8, 8, 3].',
    );
  });
});

describe('compile', () => {
  it("has a classifier's loss and metrics by default", async () => {
    const [model, other] = [made(), made()];
    model.compile({ optimizer: new SGD() });
    other.compile({ optimizer: new SGD(), loss: sparseCategoricalCrossentropy, metrics: [] });
    expect([model.metricsNames, other.metricsNames]).toEqual([['loss', 'accuracy'], ['loss']]);
    const { history } = await fit(model, data(), { epochs: 1 });
    expectSame(history.loss, (await fit(other, data(), { epochs: 1 })).history.loss);
    expect(history.accuracy?.[0]).toBeGreaterThanOrEqual(0);
  });
});

describe('fitDataset', () => {
  it("is TF.js's, in compiled steps", async () => {
    const [model, other] = [made(), made()];
    const counting = countingLoss();
    model.compile({ optimizer: new Adam(), loss: counting.loss });
    other.compile({ optimizer: new Adam() });
    const args = { epochs: 2, validationData: data(), verbose: 0 } as const;
    const { history, epoch } = await model.fitDataset(data(), args);
    const traced = counting.calls;
    await model.fitDataset(data(), { ...args, epochs: 4 });
    expect(counting.calls).toBe(2 * traced);
    const eager = await fitOpByOp(other, data(), args);
    expect(epoch).toEqual(eager.epoch);
    expect(Object.keys(history).sort()).toEqual(['accuracy', 'loss', 'val_accuracy', 'val_loss']);
    for (const name of Object.keys(history)) expectSame(history[name], eager.history[name]);
  });

  it('takes callbacks as functions and as objects, and class weights for the output', async () => {
    const model = made();
    model.compile({ optimizer: new SGD() });
    const seen: string[] = [];
    const csv = new CSVLogger();
    const classWeight = { 0: 0, 1: 0, 2: 0 };
    const functions = { onEpochEnd: (epoch: number, logs?: tf.Logs) => void seen.push(`${epoch} ${logs?.loss}`) };
    await model.fitDataset(data(), {
      epochs: 2,
      verbose: 0,
      callbacks: [functions],
      classWeight: { logits: classWeight },
    });
    expect(seen).toEqual(['0 0', '1 0']);
    await model.fitDataset(data(), { epochs: 1, verbose: 0, callbacks: csv, classWeight: [classWeight] });
    expect(csv.text).toMatch(/^epoch,accuracy,loss\n0,0\.\d+,0\n/);
  });
});

describe('evaluateDataset', () => {
  it("is TF.js's, in compiled steps, and leaves no tensor behind", async () => {
    const model = made();
    const counting = countingLoss();
    model.compile({ optimizer: new SGD(), loss: counting.loss });
    const expected = await evaluateOpByOp(model, data() as never);
    counting.calls = 0;
    const dataset = data();
    const { numTensors } = tf.memory();
    const scalars = await model.evaluateDataset(dataset);
    expect(tf.memory().numTensors).toBe(numTensors + 2);
    expectSame([scalars].flat().map((scalar) => scalar.dataSync()[0]), expected); // prettier-ignore
    const traced = counting.calls;
    tf.dispose(await model.evaluateDataset(dataset, { batches: 1 }));
    expect(counting.calls).toBe(2 * traced);
  });
});

describe('a dataset without a size', () => {
  const read = (imageSize?: readonly [number, number]) =>
    imageDatasetFromDirectory('data/digits/test', { imageSize, batchSize: 180, cacheMebibytes: 0 });

  it("takes the model's, for training, validation and evaluation", async () => {
    const model = new SmallClassifier({ classNames: Array.from('0123456789'), seed: 1 });
    model.compile({ optimizer: new Adam() });
    const [train, validation, test] = [await read(), await read(), await read()];
    await fit(model, train, { epochs: 1, validationData: validation });
    tf.dispose(await model.evaluateDataset(test));
    expect([train, validation, test].map(({ imageSize }) => imageSize)).toEqual([[8, 8], [8, 8], [8, 8]]); // prettier-ignore
  });

  it('turns and resizes images as the model does, and is refused when it was asked for something else', async () => {
    const model = new SmallClassifier({ classNames: Array.from('0123456789'), resize: 'crop' });
    model.compile({ optimizer: new Adam() });
    const [cropped, padded] = [
      await read([8, 8]),
      await imageDatasetFromDirectory('data/digits/test', { resize: 'pad' }),
    ];
    tf.dispose(await model.evaluateDataset(cropped));
    await expect(model.evaluateDataset(padded)).rejects.toThrow(
      'The dataset reads images with resize: pad, the model with resize: crop. Leave resize out, and the dataset follows the model.',
    );
  });

  it('has 256 x 256 pixels when it is read before', async () => {
    const some = await read();
    const batch = await some.batches().next();
    expect((batch.value as { readonly xs: tf.Tensor }).xs.shape).toEqual([180, 256, 256, 3]);
  });

  it('is refused by name of both sizes when it was asked for another', async () => {
    const model = new SmallClassifier({ classNames: Array.from('0123456789') });
    model.compile({ optimizer: new Adam() });
    const message =
      'The dataset has images of 28 x 20 pixels, the model takes 8 x 8. ' +
      'Leave imageSize out, and the dataset follows the model, or give imageSize: [8, 8].';
    const other = await read([28, 20]);
    await expect(fit(model, other, { epochs: 1 })).rejects.toThrow(message);
    await expect(fit(model, await read(), { epochs: 1, validationData: other })).rejects.toThrow(message);
    await expect(model.evaluateDataset(other)).rejects.toThrow(message);
  });
});
