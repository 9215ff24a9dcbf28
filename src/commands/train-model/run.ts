import { existsSync } from 'node:fs';

import { SignetError } from '../../errors.js';
import { LocalLearner } from './local-learner.js';
import { checkRecipe } from './recipe.js';
import { bringNamedWeights } from './starting-weights.js';
import { completeTrainModelOptions, type GivenTrainModelOptions } from './train-model-options.js';
import { disposeCompiled, findTrainableType, makeTrainable } from './trainable-model.js';
import { type ImageCounts, TrainingSet } from './training-data.js';
import { type TrainModelResult, TrainingRun } from './training-run.js';
import { tell } from '../../text/tell.js';

export type { TrainModelResult } from './training-run.js';

/**
 * Trains a classifier on class-named directories, keeps its best epoch as a SavedModel, evaluates it on the test set and writes a report.
 * With `workers`, Python TensorFlow on this machine trains it, each batch split into that many parts.
 *
 * Ctrl-C ends it after the current step, or with workers at once, and keeps the best model; a second Ctrl-C ends the process.
 * `resumeTraining` continues it, also after a crash.
 *
 * @throws SignetError as `TrainingRun.run`.
 */
export async function trainModel(options: GivenTrainModelOptions): Promise<TrainModelResult> {
  const { workers } = options;
  if (workers === undefined) return new TrainingRun(options, new LocalLearner()).run();
  // Loaded when it is needed: most trainings have no workers.
  const { WorkersLearner } = await import('./workers-learner.js');
  return new TrainingRun(options, new WorkersLearner(workers)).run();
}

/** Result of an export. */
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
  checkRecipe(given);
  const options = completeTrainModelOptions({ ...given, exportTraining: directory });
  const { checkForWorkers, checkImagesForWorkers, exportForWorkers } = await import('./workers-learner.js');
  assertFree(directory, options);
  checkForWorkers(options);
  if (options.targetAccuracy !== undefined) tell(chosenLater);
  const Model = await findTrainableType(options);
  await bringNamedWeights(Model, options);
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

const chosenLater =
  'note: --target-accuracy is chosen after a training by --resume-from or --workers: the output of worker.py does not say which answers are sure';

function assertFree(directory: string, { overwrite }: GivenTrainModelOptions): void {
  if (overwrite || !existsSync(directory)) return;
  throw new SignetError(
    'MODEL_EXISTS',
    `${directory} exists. Export to another folder, or replace it with --overwrite.`,
  );
}
