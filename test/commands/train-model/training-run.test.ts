import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { beforeEach, describe, expect, it } from 'vitest';

import { resumeTraining } from '../../../src/commands/train-model/resume-training.js';
import { exportTrainingModel, trainModel } from '../../../src/commands/train-model/run.js';
import { readModelDescription } from '../../../src/models/classifier/model-description.js';
import { readSignatures } from '../../../src/saved-model/read/read-saved-model.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { copyDigits, type SmallDigits } from '../../helpers/data/small-digits.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

let folder: string;
let digits: SmallDigits;
const inFolder = (...names: string[]) => path.join(folder, ...names);

beforeEach(async () => {
  folder = await temporaryFolder();
  digits = copyDigits(folder);
});

function options(modelFolderPath: string) {
  const { train: trainDatasetPath, test: testDatasetPath } = digits;
  const sizes = { batchSize: 4, numEpochs: 3, validationSplit: 0.5, jit: 'off' } as const;
  return { trainDatasetPath, testDatasetPath, modelFolderPath, modelType: 'LenetModel', ...sizes };
}

/** A file for `--callbacks` that fails at the beginning of an epoch, from 0. */
function failingAt(epoch: number): string {
  const file = inFolder(`failing-${epoch}.mjs`);
  const code = `export default { onEpochBegin: (epoch) => { if (epoch === ${epoch}) throw new Error('no room'); } };`;
  writeFileSync(file, code);
  return file;
}

it('remembers what --precision auto has chosen, and says where it is of no use', async () => {
  const own = { ...options(inFolder('models')), precision: 'auto', numEpochs: 1 } as const;
  const { directory } = await trainModel({ ...own, jit: 'graph' });
  const written = readFileSync(path.join(directory, 'assets.extra', 'arguments.json'), 'utf8');
  expect(written).toMatch(/"precision": "(float32|bfloat16)"/);
  await expect(trainModel(own)).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SignetError: --precision is only for --jit auto or graph. Received: auto with --jit off.]`,
  );
  await expect(trainModel({ ...own, jit: 'auto', workers: 2 })).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SignetError: --precision is for a training in this process, --workers trains in others: give one of them.]`,
  );
});

it('sends gradients as bfloat16 only where they are sent', async () => {
  const own = { ...options(inFolder('models')), gradientPrecision: 'bfloat16' } as const;
  await expect(trainModel(own)).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SignetError: --gradient-precision needs --workers or --export-training, which is missing.]`,
  );
  const { directory } = await exportTrainingModel({ ...own, jit: 'auto' }, inFolder('export'));
  const read = (file: string) =>
    JSON.parse(readFileSync(path.join(directory, 'assets.extra', file), 'utf8')) as Record<string, unknown>;
  expect(read('training.json')).toMatchObject({ gradient_precision: 'bfloat16' });
  expect(read('arguments.json')).toMatchObject({ gradientPrecision: 'bfloat16' });
});

describe('a training that fails', () => {
  it('leaves nothing behind when there is nothing to resume', async () => {
    const tensors = tf.memory().numTensors;
    const failed = trainModel({ ...options(inFolder('a', 'models')), callbacks: failingAt(0) });
    await expect(failed).rejects.toThrow('no room');
    expect(existsSync(inFolder('a'))).toBe(false);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('leaves the folders that it found', async () => {
    const own = { ...options(inFolder('models')), callbacks: failingAt(0) };
    await trainModel({ ...own, numEpochs: 1, callbacks: undefined });
    await expect(trainModel(own)).rejects.toThrow('no room');
    expect(readdirSync(inFolder('models', 'LenetModel'))).toEqual(['1']);
  });

  it('is kept from its first backup on, and resumed', async () => {
    const models = inFolder('models');
    const failed = trainModel({ ...options(models), callbacks: failingAt(2) });
    await expect(failed).rejects.toThrow('no room');
    expect(readdirSync(path.join(models, 'LenetModel')).sort()).toEqual(['.1.training', '1']);
    // What is chosen after the last epoch may be asked for only now.
    const trust = { withHeatmap: true, targetAccuracy: 0.01 };
    const { epochs, interrupted, directory } = await resumeTraining({ modelFolderPath: models, callbacks: failingAt(9), ...trust }); // prettier-ignore
    expect([epochs, interrupted]).toEqual([3, false]);
    expect(Object.keys(await readSignatures(directory))).toEqual(expect.arrayContaining(['serving_heatmap', 'serving_known'])); // prettier-ignore
    expect((await readModelDescription(directory)).confidence?.sure?.targetAccuracy).toBe(0.01);
    expect(readdirSync(path.join(models, 'LenetModel'))).toEqual(['1']);
  });

  it('is not done before its model is evaluated: --resume evaluates it, without training again', async () => {
    const models = inFolder('models');
    const picture = path.join(digits.test, '0', readdirSync(path.join(digits.test, '0'))[0] ?? '');
    const whole = readFileSync(picture);
    // Only its pixels are broken, which the scan does not see; the file is written once the scan is over.
    const breaking = inFolder('breaking.mjs');
    const code = `import { readFileSync, writeFileSync } from 'node:fs';
      export default { onTrainEnd: () => writeFileSync(${JSON.stringify(picture)}, readFileSync(${JSON.stringify(picture)}).subarray(0, 60)) };`;
    writeFileSync(breaking, code);
    const failed = trainModel({ ...options(models), callbacks: breaking });
    await expect(failed).rejects.toMatchObject({ code: 'BAD_IMAGE' });
    expect(readdirSync(path.join(models, 'LenetModel')).sort()).toEqual(['.1.training', '1']);
    writeFileSync(picture, whole);
    const { epochs, bestEpoch, test } = await resumeTraining({ modelFolderPath: models, callbacks: failingAt(3) });
    expect(epochs).toBe(3);
    expect(bestEpoch).not.toBeNull();
    expect(test?.loss).toBeGreaterThan(0);
    expect(readdirSync(path.join(models, 'LenetModel'))).toEqual(['1']);
    expect(existsSync(path.join(models, 'LenetModel', '1', 'assets.extra', 'report', 'report.html'))).toBe(true);
  });
});
