import path from 'node:path';

import { findModelType } from '../../models/model-types.js';
import { findInterruptedTraining } from './find-interrupted-training.js';
import { knownOptions, resumedOptions } from './remembered-options.js';
import { trainWithWorkers } from './train-with-workers.js';
import { trainModel, type TrainModelResult } from './run.js';
import type { TrainModelOptions } from './train-model-options.js';

/**
 * Goes on with a training that was interrupted, by Ctrl-C or by a crash, to what it would have come to without.
 *
 * @param given Options that were given anew. Where a training is, and those that it may have otherwise; the rest is as it was.
 * @throws SignetError `INVALID_TRAINING_STATE` when there is none, it is damaged or runs, or its images have changed;
 * `INVALID_ARGUMENT` for an option that differs; and what `trainModel` throws.
 */
export async function resumeTraining(given: Partial<TrainModelOptions>): Promise<TrainModelResult> {
  const { modelFolderPath = 'models', modelVersion } = given;
  const modelType = given.modelType === undefined ? undefined : (await findModelType(given.modelType)).name;
  const training = await findInterruptedTraining({ modelFolderPath, modelType, modelVersion });
  const where = { modelFolderPath, modelVersion: Number(path.basename(training.directory)) };
  const options = resumedOptions(training.record.options, { ...knownOptions(given), ...where }, training.folder);
  if (!training.hasState) process.stderr.write(`${training.folder} has no backup yet: the training begins again\n`);
  // As many parts as workers had begun with it.
  const { workers: parts } = training.record.options;
  if (parts === undefined) return trainModel(options, training);
  return trainWithWorkers({ ...options, workers: parts }, options.workers ?? parts, training);
}
