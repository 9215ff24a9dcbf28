import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { ImageDataset } from '../../src/data/dataset/image-dataset.js';
import { scanImageDirectory } from '../../src/data/scan/scan-image-directory.js';
import { evaluateClassifier } from '../../src/evaluation/evaluate-classifier.js';
import type { LenetModel } from '../../src/models/lenet-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { accuracy as accuracyMetric, sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import { copyDigits } from '../helpers/data/small-digits.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { trainDigits } from '../helpers/training/train-digits.js';

describe('evaluateClassifier', () => {
  let model: LenetModel;
  beforeAll(async () => (model = await trainDigits(1)));

  const smoothed = (labels: tf.Tensor, logits: tf.Tensor) => sparseCategoricalCrossentropy(labels, logits, 0.1);

  it.each([
    ['cross-entropy', sparseCategoricalCrossentropy],
    ['with label smoothing', smoothed],
  ])("gives evaluateDataset's loss and accuracy: %s", async (_, loss) => {
    const scan = await scanImageDirectory('data/digits/test');
    const dataset = await ImageDataset.create(scan, { imageSize: [28, 28], shuffle: false });
    const before = tf.memory().numTensors;
    const evaluation = await evaluateClassifier(model, dataset, loss);
    expect(tf.memory().numTensors).toBe(before);
    model.compile({ optimizer: 'sgd', loss, metrics: [accuracyMetric] });
    const scalars = await model.evaluateDataset(dataset);
    const [expectedLoss = NaN, accuracy = NaN] = [scalars].flat().map((scalar) => scalar.dataSync()[0] ?? NaN);
    tf.dispose(scalars);
    dataset.dispose();
    expect(evaluation.loss).toBeCloseTo(expectedLoss, 5);
    expect(evaluation.result.accuracy).toBeCloseTo(accuracy, 6);
    expect(evaluation.result.images).toBe(360);
  });

  it('knows which images were mistaken, though others were left out', async () => {
    const { test } = copyDigits(await temporaryFolder(), { classes: 10, images: 12 });
    const scanned = await scanImageDirectory(test);
    const [first] = scanned.files;
    if (!first) throw new Error('There are digits.');
    // After the scan, which would have found it.
    await writeFile(first.path, 'no image');
    const dataset = await ImageDataset.create(scanned, { imageSize: [28, 28], shuffle: false, onBadImage: 'skip' });
    const { result, mistakes } = await evaluateClassifier(model, dataset, sparseCategoricalCrossentropy);
    expect(dataset.skipped.map((problem) => problem.path)).toEqual([first.path]);
    expect(result.images).toBe(119);
    const wrong = 119 - result.confusionMatrix.reduce((right, row, label) => right + (row[label] ?? 0), 0);
    expect(wrong).toBeGreaterThan(0);
    expect(mistakes).toHaveLength(Math.min(24, wrong));
    for (const { image, truth, predicted } of mistakes) {
      expect(path.basename(path.dirname(image.path))).toBe(model.classNames[truth]);
      // Asked alone, the model says the same.
      const alone = await ImageDataset.create({ ...scanned, files: [image] }, { imageSize: [28, 28], shuffle: false });
      const again = await evaluateClassifier(model, alone, sparseCategoricalCrossentropy);
      expect(again.mistakes[0]?.predicted?.label).toBe(predicted?.label);
      alone.dispose();
    }
    dataset.dispose();
  });
});
