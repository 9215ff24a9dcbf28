import path from 'node:path';

import { SignetError } from '../errors.js';
import * as tf from '../tensorflow/tf.js';
import { variablesOf, weightsInOrder } from '../tensorflow/layer-weights.js';
import { CSVLogger, type CSVLines } from '../training/callbacks/csv-logger.js';
import { EarlyStopping } from '../training/callbacks/early-stopping.js';
import { ModelCheckpoint } from '../training/callbacks/model-checkpoint.js';
import { type NamedState, writeBackup } from '../training/callbacks/support/write-backup.js';
import { trainedOptimizer } from '../training/callbacks/callback.js';
import type { Optimizer } from '../training/optimizers/optimizer.js';
import { TrainingStateFolder } from '../training/resume/training-state.js';
import { restoreWorkersCheckpoint } from './restore-workers-checkpoint.js';
import { workersColumns, type WorkersState } from './workers-state.js';

/** The training that continues here, as it was exported for the workers. */
export interface ContinuedTraining {
  /** Compiled. Its weights are replaced. */
  readonly model: tf.LayersModel;
  /** Epochs without improvement after which it stops. */
  readonly patience: number;
  readonly stepsPerEpoch: number;
  readonly validationImages: number;
  /** Value that decides which epoch is best: the highest accuracy, or the lowest loss. */
  readonly monitor: 'val_accuracy' | 'val_loss';
}

/** A training by workers, in the form that a single process uses for its own. */
export interface WorkersBackup {
  /** The text of `history.csv`. */
  readonly history: string;
  /** Writes into a folder what `BackupAndRestore` would have kept after the workers' last epoch. @throws SignetError `CANNOT_WRITE`. */
  readonly write: (folder: string) => Promise<void>;
}

/**
 * Reads everything that workers keep of a training, and calls `use` with it. Meanwhile the model has the weights of the best epoch.
 *
 * @param folder `OUTPUT.training`.
 * @throws SignetError `INVALID_TRAINING_STATE` when the state is damaged, or belongs to another model, optimizer or data set.
 */
export async function withWorkersBackup<T>(
  folder: string,
  state: WorkersState,
  training: ContinuedTraining,
  use: (backup: WorkersBackup) => Promise<T>,
): Promise<T> {
  const { model } = training;
  const optimizer = await restoreLastEpoch(folder, state, training);
  const last = model.getWeights().map((weight) => weight.clone());
  try {
    await restoreWorkersCheckpoint(checkpoint(folder, state.bestEpoch), {
      weights: variablesOf(weightsInOrder(model)),
    });
    const callbacks = callbackStates(state, model.getWeights(), training);
    const write = (made: string) =>
      writeBackup(new TrainingStateFolder(made), { epoch: state.epochs, weights: last, optimizer, callbacks });
    return await use({ history: CSVLogger.textOf(linesOf(state)), write });
  } finally {
    tf.dispose(last);
  }
}

async function restoreLastEpoch(
  folder: string,
  { epochs }: WorkersState,
  { model, stepsPerEpoch }: ContinuedTraining,
): Promise<Optimizer> {
  const optimizer = trainedOptimizer(model, '--resume-from');
  optimizer.build(variablesOf(model.trainableWeights));
  await restoreWorkersCheckpoint(checkpoint(folder, epochs), {
    weights: variablesOf(weightsInOrder(model)),
    slots: optimizer.variables.map(({ variable }) => variable),
  });
  checkSteps(optimizer.iterationsVariable, epochs * stepsPerEpoch, folder);
  return optimizer;
}

function checkpoint(folder: string, epoch: number): string {
  return path.join(folder, `epoch-${epoch}`);
}

/** Returns what the callbacks of `train-model` would remember. */
function callbackStates(
  state: WorkersState,
  bestWeights: readonly tf.Tensor[],
  { patience, validationImages, monitor }: ContinuedTraining,
): NamedState[] {
  const { bestEpoch, epochs, wait, isStopped } = state;
  const value =
    state.history[bestEpoch - 1]?.[workersColumns.indexOf(monitor)] ?? (monitor === 'val_loss' ? Infinity : 0);
  // Workers count in float64, Node.js sums up float32. With this margin the same number of right images is not an improvement, but one image more is.
  const best = monitor === 'val_loss' ? value : value + 0.25 / validationImages;
  const stoppedEpoch = isStopped && wait >= patience ? epochs - 1 : null;
  const progress = { best, bestEpoch: bestEpoch - 1, wait, stoppedEpoch, bestWeights };
  return [
    { name: CSVLogger.name, state: CSVLogger.stateAfter(linesOf(state)) },
    { name: ModelCheckpoint.name, state: ModelCheckpoint.stateAfter({ best, saved: 1 }) },
    { name: EarlyStopping.name, state: EarlyStopping.stateAfter(progress) },
  ];
}

/** The lines that workers write into `history.csv`. */
function linesOf({ history }: WorkersState): CSVLines {
  const rows = history.map((row) => row.map((value) => value ?? 'nan').join(','));
  return { columns: workersColumns.slice(1), rows };
}

/** Detects a different batch size or data set by the count of steps. */
function checkSteps(iterations: tf.Variable, expected: number, folder: string): void {
  const [received] = iterations.dataSync();
  if (received === expected) return;
  throw new SignetError(
    'INVALID_TRAINING_STATE',
    `The training in ${folder} has taken ${received} steps. Expected: ${expected}, from its --batch-size and the images of --train-dataset-path. ` +
      'Give the images that it began with.',
  );
}
