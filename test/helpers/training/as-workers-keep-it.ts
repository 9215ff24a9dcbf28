import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { argumentsJson } from '../../../src/commands/train-model/remembered-options.js';
import type { TrainModelOptions } from '../../../src/commands/train-model/train-model-options.js';
import {
  augmentationFor,
  findTrainableType,
  makeTrainable,
} from '../../../src/commands/train-model/trainable-model.js';
import { TrainingData } from '../../../src/commands/train-model/training-data.js';
import { imagePathsDigest } from '../../../src/data/scan/fingerprint-images.js';
import { exportTraining } from '../../../src/distributed/export-training.js';
import type * as tf from '../../../src/tensorflow/tf.js';
import { fit } from '../../../src/training/fit.js';

/**
 * Trains for some epochs as `trainModel` does, and writes the state that a single worker.py would keep if it rounded in the same way:
 * `OUTPUT.training` with a checkpoint of every epoch. The optimizer's variables and their order are those of `exportTraining`.
 *
 * @returns OUTPUT, which does not exist.
 */
export async function asWorkersKeepIt(folder: string, options: TrainModelOptions, epochs: number): Promise<string> {
  const output = path.join(folder, 'output');
  const kept = `${output}.training`;
  mkdirSync(kept, { recursive: true });
  const data = await TrainingData.scan(options);
  const model = await makeTrainable(await findTrainableType(options), data.set, options);
  const train = await data.openTraining(model.imageSize);
  const validation = await data.openValidation(model.imageSize);
  const augmentation = augmentationFor(model, options);
  const changes = { classWeight: data.set.classWeight, ...(augmentation && { augmentation }) };
  const history: number[][] = [];
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    const span = { initialEpoch: epoch, epochs: epoch + 1, validationData: validation, jit: 'graph' } as const;
    const logs = (await fit(model, train, { ...span, ...changes })).history;
    const [accuracy = 0, loss = 0, valAccuracy = 0, valLoss = 0] = columns.map((name) => valueOf(logs[name]?.[0]));
    // Python divides counts in float64.
    const exact = (value: number, images: number) => Math.round(value * images) / images;
    history.push([epoch, exact(accuracy, train.imageCount), loss, exact(valAccuracy, validation.imageCount), valLoss]);
    const exported = path.join(folder, 'export');
    await exportTraining(model, exported, { assetsExtra: { 'arguments.json': argumentsJson(options) } });
    for (const ending of ['index', 'data-00000-of-00001'])
      cpSync(path.join(exported, 'variables', `variables.${ending}`), path.join(kept, `epoch-${epoch + 1}.${ending}`));
    cpSync(path.join(exported, 'assets.extra', 'arguments.json'), path.join(kept, 'arguments.json'));
  }
  const last = {
    parts: 1,
    epochs,
    ...bestOf(history, model.multiLabel),
    is_stopped: false,
    history,
    images: imagePathsDigest(data.set.scan),
  };
  writeFileSync(path.join(kept, 'last'), JSON.stringify(last));
  data.dispose();
  model.optimizer.dispose();
  model.dispose();
  return output;
}

const columns = ['accuracy', 'loss', 'val_accuracy', 'val_loss'] as const;

function valueOf(value: number | tf.Tensor | undefined): number {
  return typeof value === 'number' ? value : (value?.dataSync()[0] ?? NaN);
}

function bestOf(history: readonly (readonly number[])[], isMultiLabel: boolean) {
  // The lowest loss or the highest accuracy of the validation.
  const values = history.map((row) => (isMultiLabel ? -(row[4] ?? 0) : (row[3] ?? 0)));
  const best = values.indexOf(Math.max(...values));
  return { best_epoch: best + 1, wait: history.length - 1 - best };
}
