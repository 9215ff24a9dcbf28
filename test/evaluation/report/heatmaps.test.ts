import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { evaluateClassifier } from '../../../src/evaluation/evaluate-classifier.js';
import { explainerOf, withSavedExplainer } from '../../../src/evaluation/pictures/explain-files.js';
import { writeReport } from '../../../src/evaluation/report/write-report.js';
import { imageDatasetFromDirectory } from '../../../src/data/dataset/image-dataset-from-directory.js';
import { LenetModel } from '../../../src/models/lenet-model.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { copyDigits } from '../../helpers/data/small-digits.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

describe('heat maps in a report', () => {
  it('are next to each mistake and to the best images, from memory and from the disk alike', async () => {
    const folder = await temporaryFolder();
    const { test } = copyDigits(folder, { classes: 4, images: 3 });
    const model = new LenetModel({ classNames: ['0', '1', '2', '3'], seed: 3, withHeatmap: true });
    const directory = path.join(folder, '1');
    await model.save(directory);
    const dataset = await imageDatasetFromDirectory(test, { shuffle: false, imageSize: [28, 28] });
    const { result, mistakes, best } = await evaluateClassifier(model, dataset);
    const before = tf.memory().numTensors;
    const page = async (name: string, explain: Parameters<typeof writeReport>[1]['explain']) => {
      const written = await writeReport(path.join(folder, name), { title: 'Digits', result, mistakes, best, explain });
      return readFile(written.page, 'utf8');
    };
    const fromMemory = await page('memory', explainerOf(model));
    expect(tf.memory().numTensors).toBe(before);
    expect(best.length).toBeGreaterThan(0);
    expect(fromMemory.match(/<div class="with-heat">/g)).toHaveLength(mistakes.length + best.length);
    expect(fromMemory.match(/<span>heat: \d<\/span>/g)).toHaveLength(mistakes.length);
    expect(fromMemory).toContain('<h2 id="best">Best images</h2>');

    const fromDisk = await withSavedExplainer(directory, (explain) => page('disk', explain));
    expect(fromDisk.match(/<div class="with-heat">/g)).toHaveLength(mistakes.length + best.length);
    const without = await page('none', null);
    expect(without).not.toContain('<div class="with-heat">');
    expect(without).toContain('<h2 id="best">Best images</h2>');
    dataset.dispose();
    model.dispose();
  });
});
