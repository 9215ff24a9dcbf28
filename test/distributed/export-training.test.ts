import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it } from 'vitest';

import { trainModelCommand } from '../../src/commands/train-model/flags.js';
import { exportTraining } from '../../src/distributed/export-training.js';
import { LenetModel } from '../../src/models/lenet-model.js';
import { loadModel } from '../../src/models/load-model.js';
import { describeSavedModel } from '../../src/saved-model/describe/describe-saved-model.js';
import { readVariables } from '../../src/saved-model/read/read-variables.js';
import * as tf from '../../src/tensorflow/tf.js';
import { accuracy, sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import { Adam } from '../../src/training/optimizers/adam.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const { flags } = trainModelCommand;

it('exportTraining writes an ordinary model directory, with what a step takes beside what serves', async () => {
  const directory = path.join(await temporaryFolder(), 'export');
  const model = new LenetModel({ classNames: ['a', 'b', 'c'], seed: 3 });
  const metrics = [accuracy as unknown as string];
  model.compile({ optimizer: new Adam({ learningRate: 0.5 }), loss: sparseCategoricalCrossentropy, metrics });
  await exportTraining(model, directory, { batchSize: 8, assetsExtra: { 'notes.txt': 'x' } });

  const description = await describeSavedModel(directory);
  expect(description.problems).toEqual([]);
  const [graph] = description.metaGraphs;
  const keys = Object.keys(graph?.signatures ?? {});
  expect(keys).toContain('serving_bytes');
  // A server must not offer to change a model.
  expect(keys.filter((key) => !key.startsWith('serving_'))).toEqual([]);
  expect(graph?.functions.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['compute_gradients', 'apply_gradients', 'test_step', 'decode_and_resize']),
  );

  expect(description.extraAssets.map(({ file }) => file)).toEqual(
    expect.arrayContaining(['notes.txt', 'signet.json', 'training.json']),
  );
  expect(JSON.parse(readFileSync(path.join(directory, 'assets.extra', 'training.json'), 'utf8'))).toEqual({
    batch_size: 8,
    // The defaults are train-model's.
    num_epochs: flags.numEpochs.default,
    patience: flags.patience.default,
    validation_split: flags.validationSplit.default,
    seed: flags.seed.default,
    monitor: 'val_accuracy',
    gradient_precision: 'float32',
  });

  const saved = await readVariables(directory);
  expect(saved).toHaveLength(10 + 2 + 20);
  const restored = await loadModel(directory);
  restored.getWeights().forEach((weight, i) => expect(weight.dataSync()).toEqual(model.getWeights()[i]?.dataSync()));
  const rate = saved.find(({ key }) => key.startsWith('variables/11/'));
  expect([...((rate?.values as Float32Array | undefined) ?? [])]).toEqual([0.5]);
  tf.dispose([...model.getWeights(), ...restored.getWeights()]);
});
