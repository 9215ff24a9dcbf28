import { LocalLearner } from './local-learner.js';
import type { GivenTrainModelOptions } from './train-model-options.js';
import { type TrainModelResult, TrainingRun } from './training-run.js';
import { WorkersLearner } from './workers-learner.js';

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
  const learner = workers === undefined ? new LocalLearner() : new WorkersLearner(workers);
  return new TrainingRun(options, learner).run();
}
