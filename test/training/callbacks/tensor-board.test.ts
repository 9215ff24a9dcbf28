import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import * as tf from '../../../src/tensorflow/tf.js';
import { TensorBoard } from '../../../src/training/callbacks/tensor-board.js';
import { fit } from '../../../src/training/fit.js';
import { Adam } from '../../../src/training/optimizers/adam.js';
import { histogram } from '../../../src/training/callbacks/tensorboard/histogram.js';
import { eventFileOf, readEvents, readValues } from '../../helpers/training/read-event-file.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';
import { tinyDataset, tinyModel } from '../../helpers/training/tiny-training.js';

const scalars = (values: ReturnType<typeof readValues>, tag: string) =>
  values.filter((value) => value.tag === tag).map(({ step, tensor }) => [step, tensor.floatVal[0] ?? NaN]);

describe('TensorBoard', () => {
  it('writes what each epoch gave, for training and validation apart', async () => {
    const logDir = path.join(await temporaryFolder(), 'logs');
    const callbacks = [new TensorBoard({ logDir })];
    const options = { epochs: 3, callbacks, validationData: tinyDataset(1) };
    const { history } = await fit(tinyModel(new Adam({ learningRate: 0.5 })), tinyDataset(2), options);
    const train = readValues(eventFileOf(path.join(logDir, 'train')));
    const validation = readValues(eventFileOf(path.join(logDir, 'validation')));
    const overEpochs = (values: unknown) => (values as number[]).map((value, epoch) => [epoch, value]);
    expect(scalars(train, 'epoch_loss')).toEqual(overEpochs(history.loss));
    expect(scalars(train, 'epoch_learning_rate')).toEqual(overEpochs([0.5, 0.5, 0.5]));
    expect(scalars(validation, 'epoch_loss')).toEqual(overEpochs(history.val_loss));
    expect(scalars(validation, 'evaluation_loss_vs_iterations').map(([step]) => step)).toEqual([2, 4, 6]);
    expect(new Set([...train, ...validation].map(({ plugin }) => plugin))).toEqual(new Set(['scalars']));
    const [first] = readEvents(eventFileOf(path.join(logDir, 'train')));
    expect(first?.what).toEqual({ case: 'fileVersion', value: 'brain.Event:2' });
  });

  it('writes losses of batches, counted on over the epochs', async () => {
    const logDir = await temporaryFolder();
    await fit(tinyModel(new Adam()), tinyDataset(3), {
      epochs: 2,
      callbacks: [new TensorBoard({ logDir, updateFreq: 2 })],
    });
    const values = readValues(eventFileOf(path.join(logDir, 'train')));
    expect(scalars(values, 'batch_loss').map(([step]) => step)).toEqual([2, 4, 6]);
    expect(values.some(({ tag }) => tag === 'batch_size')).toBe(false);
    expect(existsSync(path.join(logDir, 'validation'))).toBe(false);
  });

  it('writes histograms of the weights that hold every weight', async () => {
    const logDir = await temporaryFolder();
    const model = tinyModel(new Adam());
    const callbacks = [new TensorBoard({ logDir, histogramFreq: 2, writeStepsPerSecond: true })];
    await fit(model, tinyDataset(1), { epochs: 3, callbacks });
    const values = readValues(eventFileOf(path.join(logDir, 'train')));
    const histograms = values.filter(({ plugin }) => plugin === 'histograms');
    expect(histograms.map(({ tag, step }) => [tag.replace(/^dense_Dense\d+/, 'dense'), step])).toEqual([
      ['dense/kernel/histogram', 0],
      ['dense/bias/histogram', 0],
      ['dense/kernel/histogram', 2],
      ['dense/bias/histogram', 2],
    ]);
    const counts = histograms.map(({ tensor }) => tensor.doubleVal.filter((_, i) => i % 3 === 2));
    expect(counts.map((each) => each.reduce((sum, count) => sum + count, 0))).toEqual([6, 2, 6, 2]);
    expect(scalars(values, 'epoch_steps_per_second').every(([, value]) => (value ?? 0) > 0)).toBe(true);
  });

  it('writes sample images', async () => {
    const logDir = await temporaryFolder();
    const pixels = Array.from({ length: 2 * 4 * 6 * 3 }, (_, i) => i);
    const image = tf.tensor4d(pixels, [2, 4, 6, 3]);
    const sampleImages = tf.data.generator(function* () {
      yield { xs: image, ys: tf.tensor1d([0, 1], 'int32') };
    });
    const callbacks = [new TensorBoard({ logDir, sampleImages, maxSampleImages: 1 })];
    await fit(tinyModel(new Adam()), tinyDataset(1), { epochs: 1, callbacks });
    const [samples] = readValues(eventFileOf(path.join(logDir, 'train')));
    expect([samples?.tag, samples?.plugin]).toEqual(['sample_images', 'images']);
    const [width, height, png, ...more] = samples?.tensor.stringVal ?? [];
    expect([Buffer.from(width ?? []).toString(), Buffer.from(height ?? []).toString(), more]).toEqual(['6', '4', []]);
    const decoded = tf.node.decodePng(png ?? new Uint8Array());
    expect(Array.from(decoded.dataSync())).toEqual(pixels.slice(0, 72));
    expect(image.isDisposed).toBe(true);
  });

  it('says at once when it cannot write', async () => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, 'logs'), 'a file in the way');
    const callbacks = [new TensorBoard({ logDir: path.join(folder, 'logs') })];
    await expect(fit(tinyModel(new Adam()), tinyDataset(1), { epochs: 1, callbacks })).rejects.toThrow(
      /^Cannot write .*: a part of the path is a file\. Choose another folder\.$/,
    );
    expect(() => new TensorBoard({ updateFreq: 0 })).toThrow(
      "updateFreq is 'epoch', 'batch' or a whole number of batches from 1. Received: 0.",
    );
  });
});

describe('histogram', () => {
  it('puts every finite value into one of equal buckets', () => {
    expect(histogram([0, 1, 2, 3, 4, NaN, Infinity], 2)).toEqual([
      [0, 2, 2],
      [2, 4, 3],
    ]);
  });

  it('has all of equal values in its last bucket', () => {
    expect(histogram([2, 2], 3)).toEqual([
      [1.5, 2.5, 0],
      [1.5, 2.5, 0],
      [1.5, 2.5, 2],
    ]);
    expect(histogram([NaN], 1)).toEqual([[0, 0, 0]]);
  });
});
