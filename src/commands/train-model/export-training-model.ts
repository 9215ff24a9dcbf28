import { existsSync } from 'node:fs';

import { formatNames, isTranscoded } from '../../data/image-file/image-format.js';
import { exportTraining } from '../../distributed/export-training.js';
import { SignetError } from '../../errors.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import { argumentsJson } from './remembered-options.js';
import {
  completeTrainModelOptions,
  type GivenTrainModelOptions,
  type TrainModelOptions,
} from './train-model-options.js';
import { augmentationFor, disposeCompiled, findTrainableType, makeTrainable } from './trainable-model.js';
import { type ImageCounts, TrainingSet } from './training-data.js';

/** What was exported to be trained. */
export interface ExportedTraining {
  readonly directory: string;
  readonly images: ImageCounts;
}

/**
 * Makes the model that `trainModel` would train, and exports it for training on several machines instead.
 *
 * @throws SignetError as `trainModel`, and `INVALID_ARGUMENT` for what only one machine can do.
 */
export async function exportTrainingModel(given: GivenTrainModelOptions, directory: string): Promise<ExportedTraining> {
  const options = completeTrainModelOptions(given);
  assertFree(directory, options);
  checkForWorkers(options);
  const Model = await findTrainableType(options);
  const set = await TrainingSet.scan(options);
  checkImagesForWorkers(set);
  const model = await makeTrainable(Model, set, options);
  try {
    await exportForWorkers(model, set, options, directory);
    return { directory, images: set.imageCounts };
  } finally {
    disposeCompiled(model);
  }
}

/** Exports a compiled model with all that the flags say about its training. @throws SignetError as `exportTraining`. */
export async function exportForWorkers(
  model: ImageClassifierModel,
  { classWeight }: TrainingSet,
  options: TrainModelOptions,
  directory: string,
): Promise<void> {
  const { batchSize, numEpochs, patience, validationSplit, seed } = options;
  const assetsExtra = { 'arguments.json': argumentsJson(options) };
  const augmentation = augmentationFor(model, options);
  const training = { batchSize, numEpochs, patience, validationSplit, seed, classWeight, augmentation, assetsExtra };
  await exportTraining(model, directory, training);
}

/** @throws SignetError `INVALID_ARGUMENT` for options that callbacks in Node.js carry out: no worker can. */
export function checkForWorkers({ learningRateSchedule, callbacks, tensorboard }: TrainModelOptions): void {
  const wrong = [
    ...(learningRateSchedule === 'plateau' ? ['--learning-rate-schedule plateau'] : []),
    ...(callbacks === undefined ? [] : ['--callbacks']),
    ...(tensorboard === undefined ? [] : ['--tensorboard']),
  ];
  if (wrong.length === 0) return;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `Training with several workers is done by TensorFlow, not by Node.js, where callbacks run. Leave out: ${wrong.join(', ')}.`,
  );
}

/** @throws SignetError `INVALID_DATASET` unless a worker can use every file: it sees them all, and decodes them with the exported graph. */
export function checkImagesForWorkers({ scan, skippedList }: TrainingSet): void {
  const transcoded = scan.files.filter(({ format }) => isTranscoded(format));
  const [first] = transcoded;
  if (first) {
    throw new SignetError(
      'INVALID_DATASET',
      `${transcoded.length} images of ${scan.directory} are in formats that TensorFlow does not decode, such as ${first.path} ` +
        `(${formatNames[first.format]}). Workers need JPEG, PNG, GIF or BMP: convert them.`,
    );
  }
  if (skippedList === '') return;
  throw new SignetError(
    'INVALID_DATASET',
    `Workers see every file of ${scan.directory}: remove these, which --on-bad-image skip leaves out on one machine.\n${skippedList}`,
  );
}

function assertFree(directory: string, { overwrite }: TrainModelOptions): void {
  if (overwrite || !existsSync(directory)) return;
  throw new SignetError(
    'MODEL_EXISTS',
    `${directory} exists. Export to another folder, or replace it with --overwrite.`,
  );
}
