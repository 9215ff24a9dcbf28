import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { imageDatasetFromDirectory } from '../../src/data/dataset/image-dataset-from-directory.js';
import { evaluateSavedModel } from '../../src/evaluation/evaluate-saved-model.js';
import { LenetModel } from '../../src/models/lenet-model.js';
import { fasterPrecision } from '../../src/saved-model/run/faster-precision.js';
import { hasBfloat16, type Precision, type PrecisionChoice } from '../../src/tensorflow/precision.js';
import type * as tf from '../../src/tensorflow/tf.js';
import { evaluate } from '../../src/training/evaluate.js';
import { fit, type FitOptions } from '../../src/training/fit.js';
import { accuracy, sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import { Adam } from '../../src/training/optimizers/adam.js';
import { copyDigits } from '../helpers/data/small-digits.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

let folder: string;
let images: string;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  images = copyDigits(folder, { classes: 3, images: 24 }).train;
});

const openImages = () => imageDatasetFromDirectory(images, { imageSize: [28, 28], batchSize: 24, seed: 4 });

function compiledModel(classNames: readonly string[]): LenetModel {
  const model = new LenetModel({ classNames, seed: 4 });
  const metrics = [accuracy as unknown as string];
  model.compile({ optimizer: new Adam({ learningRate: 0.001 }), loss: sparseCategoricalCrossentropy, metrics });
  return model;
}

/** Losses of two epochs, and of an evaluation of the model that comes of them. */
async function losses(options: Partial<FitOptions<tf.TensorContainer>>): Promise<number[]> {
  const dataset = await openImages();
  const model = compiledModel(dataset.classNames);
  try {
    const { history } = await fit(model, dataset, { epochs: 2, ...options });
    expect(model.weights.every((weight) => weight.read().dtype === 'float32')).toBe(true);
    return history.loss as number[];
  } finally {
    dataset.dispose();
    model.dispose();
  }
}

const distance = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? NaN))));

describe('precision', () => {
  it('trains in bfloat16 to other last digits, and with auto as in the one that it chose', async () => {
    const notes: string[] = [];
    const [float32, bfloat16] = [await losses({ jit: 'graph' }), await losses({ precision: 'bfloat16' })];
    const auto = await losses({ jit: 'graph', precision: 'auto', onNote: (note) => notes.push(note) });
    expect(distance(float32, bfloat16)).toBeLessThan(0.02);
    if (hasBfloat16()) expect(bfloat16).not.toEqual(float32);
    const chosen: Record<string, number[]> = { float32, bfloat16 };
    expect(notes).toHaveLength(1);
    // Measuring has changed nothing.
    expect(auto).toEqual(chosen[/(\S+) is kept$/.exec(notes[0] ?? '')?.[1] ?? 'float32']);
  });

  it('refuses steps that TensorFlow does not rewrite', async () => {
    await expect(losses({ precision: 'bfloat16', jit: 'off' })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[SignetError: precision (--precision) is for steps that run as a graph: jit (--jit) auto or graph. Received: bfloat16 with jit off.]`,
    );
    await expect(losses({ precision: 'auto', jit: 'xla' })).rejects.toThrow('Received: auto with jit xla.');
  });

  it('evaluates in bfloat16, in memory and from the disk', async () => {
    const dataset = await openImages();
    const model = compiledModel(dataset.classNames);
    const directory = path.join(folder, 'model');
    await model.save(directory);
    const inMemory = async (precision: PrecisionChoice) => {
      const results = [await evaluate(model, dataset, { precision, onNote: () => undefined })].flat();
      return Number(results[0]?.dataSync()[0]);
    };
    const fromDisk = async (precision: PrecisionChoice) =>
      (await evaluateSavedModel(directory, dataset.files, { batchSize: 8, precision })).signatures.serving_default.loss;
    for (const lossIn of [inMemory, fromDisk]) {
      const [float32, bfloat16, auto] = [await lossIn('float32'), await lossIn('bfloat16'), await lossIn('auto')];
      expect(Math.abs(bfloat16 - float32)).toBeLessThan(0.02);
      if (hasBfloat16()) expect(bfloat16).not.toBe(float32);
      expect([float32, bfloat16]).toContain(auto);
    }
    dataset.dispose();
    model.dispose();
  });
});

describe('fasterPrecision', () => {
  const wait = (milliseconds: number) => {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
  };

  it.runIf(hasBfloat16())('keeps what takes less time, and disposes of both', async () => {
    for (const [quick, slow] of [
      ['float32', 'bfloat16'],
      ['bfloat16', 'float32'],
    ] as const) {
      const disposed: Precision[] = [];
      const notes: string[] = [];
      const make = (precision: Precision) =>
        Promise.resolve({ run: () => wait(precision === slow ? 20 : 1), dispose: () => void disposed.push(precision) });
      const chosen = await fasterPrecision('auto', { what: 'a wait', make, onNote: (note) => notes.push(note) });
      expect(chosen).toBe(quick);
      expect(disposed).toEqual(['float32', 'bfloat16']);
      expect(notes.join()).toMatch(
        new RegExp(`^a wait takes \\S+ ms in float32 and \\S+ ms in bfloat16: ${quick} is kept$`),
      );
    }
  });
});
