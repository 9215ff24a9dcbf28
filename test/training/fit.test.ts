import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { imageDatasetFromDirectory } from '../../src/data/dataset/image-dataset-from-directory.js';
import { LenetModel } from '../../src/models/lenet-model.js';
import { ResnetModel } from '../../src/models/resnet-model.js';
import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { CSVLogger } from '../../src/training/callbacks/csv-logger.js';
import { EarlyStopping } from '../../src/training/callbacks/early-stopping.js';
import { ModelCheckpoint } from '../../src/training/callbacks/model-checkpoint.js';
import { fit } from '../../src/training/fit.js';
import { accuracy, sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import { copyDigits } from '../helpers/data/small-digits.js';
import { fitOpByOp } from '../helpers/models/fit-op-by-op.js';
import { temporaryFolder, temporaryFolderForAll } from '../helpers/temporary-folder.js';

/** 200 images of digits: 20 steps an epoch. */
let images: string;
const split = { imageSize: [28, 28], validationSplit: 0.2, seed: 4, batchSize: 8 } as const;
const trainingSet = () => imageDatasetFromDirectory(images, { ...split, subset: 'training' });
const validationSet = () => imageDatasetFromDirectory(images, { ...split, subset: 'validation', shuffle: true });

beforeAll(async () => {
  images = copyDigits(await temporaryFolderForAll(), { classes: 10, images: 20 }).train;
});

async function compiledLenet() {
  const dataset = await trainingSet();
  const model = new LenetModel({ classNames: dataset.classNames, seed: 4 });
  compile(model);
  return { model, dataset };
}

function compile(model: tf.LayersModel): void {
  const metrics = [accuracy as unknown as string];
  model.compile({ optimizer: tf.train.adam(0.001), loss: sparseCategoricalCrossentropy, metrics });
}

describe('fit', () => {
  it('takes the steps that TF.js takes op by op', async () => {
    const one = await compiledLenet();
    const other = await compiledLenet();
    const losses = async (run: Promise<tf.History>) => (await run).history.loss as number[];
    const compiled = await losses(fit(one.model, one.dataset, { epochs: 2 }));
    const eager = await losses(fitOpByOp(other.model, other.dataset, { epochs: 2 }));
    compiled.forEach((loss, epoch) => expect(Math.abs(loss - (eager[epoch] ?? NaN))).toBeLessThan(1e-3));
    expect(compiled[1]).toBeLessThan(compiled[0] ?? 0);
  });

  it('ends after the first step where it was asked to stop before it', async () => {
    const { model, dataset } = await compiledLenet();
    let batches = 0;
    const training = fit(model, dataset, { epochs: 2, callbacks: [{ onBatchEnd: () => void (batches += 1) }] });
    model.stopTraining = true;
    expect((await training).epoch).toEqual([0]);
    expect(batches).toBe(1);
    expect(model.stopTraining).toBe(true);
    expect((await fit(model, dataset, { epochs: 1 })).epoch).toEqual([0]);
    expect(model.stopTraining).toBe(false);
  });

  it('has as many tensors after an epoch as before', async () => {
    const { model, dataset } = await compiledLenet();
    const validationData = await validationSet();
    await fit(model, dataset, { epochs: 1, validationData });
    const before = tf.memory().numTensors;
    await fit(model, dataset, { epochs: 1, validationData });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('gives the same weights for the same seed', async () => {
    const weights = async () => {
      const { model, dataset } = await compiledLenet();
      await fit(model, dataset, { epochs: 1 });
      return model.getWeights().map((weight) => Array.from(weight.dataSync()));
    };
    expect(await weights()).toEqual(await weights());
  });

  it('brings the weights back before callbacks look at them, and checkpoints what can be served', async () => {
    const { model, dataset } = await compiledLenet();
    const directory = path.join(await temporaryFolder(), '1');
    const checkpoint = new ModelCheckpoint(directory, { monitor: 'val_accuracy', saveBestOnly: true });
    const csv = new CSVLogger();
    const validationData = await validationSet();
    await fit(model, dataset, { epochs: 1, validationData, callbacks: [checkpoint, csv] });
    const image = tf.randomUniform([2, 28, 28, 3], 0, 255, 'float32', 1);
    const loaded = await LoadedSavedModel.load(directory);
    const served = loaded.call('serving_default', { input_tensor: image }).output_0;
    const difference = tf.max(tf.abs(tf.sub(served ?? 0, model.predictNumpyImage(image)))).dataSync()[0];
    expect(difference).toBeLessThan(1e-4);
    expect(csv.text).toMatch(/^epoch,accuracy,loss,val_accuracy,val_loss\n0,0\.\d+,/);
    loaded.dispose();
  });

  it('stops when nothing improves, with the best weights', async () => {
    const { model, dataset } = await compiledLenet();
    const stop = new EarlyStopping({ monitor: 'loss', mode: 'max', patience: 2, restoreBestWeights: true });
    let first: number[] = [];
    const keepFirst = new (class extends tf.Callback {
      override async onEpochEnd(epoch: number): Promise<void> {
        if (epoch === 0) first = Array.from(model.getWeights()[0]?.dataSync() ?? []);
        return Promise.resolve();
      }
    })();
    const history = await fit(model, dataset, { epochs: 9, callbacks: [keepFirst, stop] });
    expect(history.epoch).toEqual([0, 1, 2]);
    expect([stop.bestEpoch, stop.stoppedEpoch]).toEqual([0, 2]);
    expect(Array.from(model.getWeights()[0]?.dataSync() ?? [])).toEqual(first);
  });

  it('names what a callback may monitor', async () => {
    const { model, dataset } = await compiledLenet();
    const stop = new EarlyStopping({ monitor: 'val_acuracy' });
    await expect(fit(model, dataset, { epochs: 1, callbacks: [stop] })).rejects.toThrow(
      'monitor is one of loss, accuracy. Received: "val_acuracy".',
    );
  });

  it('trains a step of ResNet50V2', { timeout: 300_000 }, async () => {
    const model = new ResnetModel({ classNames: ['a', 'b'], inputHeight: 32, inputWidth: 32, seed: 1 });
    model.compile({ optimizer: tf.train.sgd(0.01), loss: sparseCategoricalCrossentropy });
    const batch = {
      xs: tf.randomUniform([4, 32, 32, 3], 0, 255, 'float32', 2),
      ys: tf.tensor1d([0, 1, 0, 1], 'int32'),
    };
    const before = Array.from(model.getLayer('conv1_conv').getWeights()[0]?.dataSync().slice(0, 9) ?? []);
    const history = await fit(model, tf.data.array([batch]), { epochs: 1 });
    expect(history.history.loss?.[0]).toBeGreaterThan(0);
    expect(Array.from(model.getLayer('conv1_conv').getWeights()[0]?.dataSync().slice(0, 9) ?? [])).not.toEqual(before);
  });
});
