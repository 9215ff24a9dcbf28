import path from 'node:path';

import type { ImageScan } from '../../data/scan/image-scan.js';
import { SignetError } from '../../errors.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import * as tf from '../../tensorflow/tf.js';
import { weightsInOrder } from '../../tensorflow/weights-in-order.js';
import { variablesOf } from '../../tensorflow/variables-of.js';
import { backupTensors } from '../../training/callbacks/support/backup-tensors.js';
import type { CallbackState } from '../../training/callbacks/support/callback-state.js';
import { trainedOptimizer } from '../../training/callbacks/support/trained-optimizer.js';
import { restoreWorkersCheckpoint } from '../../distributed/restore-workers-checkpoint.js';
import { type TrainingMetadata, TrainingStateFolder } from '../../training/resume/training-state.js';
import { workersColumns, type WorkersState } from '../../distributed/workers-state.js';
import { InterruptedTraining } from './interrupted-training.js';
import { argumentsJson } from './remembered-options.js';
import type { TrainModelOptions } from './train-model-options.js';
import type { WorkersOutput } from './workers-output.js';

/** Of the training that is to go on, beside its options. */
export interface ImportFacts {
  /** The version directory. */
  readonly directory: string;
  /** Of the training set. */
  readonly scan: ImageScan;
  readonly stepsPerEpoch: number;
  readonly validationImages: number;
}

/**
 * Makes of what workers keep an interrupted training of `trainModel`: its state, as `BackupAndRestore` would have written it after the workers'
 * last epoch, and the model of the best epoch in the version directory. All of the workers' state is read before anything is written.
 *
 * @param model Compiled; has other weights afterwards.
 * @throws SignetError `INVALID_TRAINING_STATE` when the state is damaged or of another model, optimizer or data set; `CANNOT_WRITE`.
 */
export async function importWorkersState(
  { folder, state }: WorkersOutput,
  model: ImageClassifierModel,
  options: TrainModelOptions,
  { directory, scan, stepsPerEpoch, validationImages }: ImportFacts,
): Promise<InterruptedTraining> {
  const optimizer = trainedOptimizer(model, '--resume-from');
  optimizer.build(variablesOf(model.trainableWeights));
  const weights = variablesOf(weightsInOrder(model));
  const slots = optimizer.variables.map(({ variable }) => variable);
  const checkpoint = (epoch: number) => path.join(folder, `epoch-${epoch}`);
  await restoreWorkersCheckpoint(checkpoint(state.epochs), { weights, slots });
  checkSteps(optimizer.iterationsVariable, state.epochs * stepsPerEpoch, folder);
  const last = model.getWeights().map((weight) => weight.clone());
  try {
    await restoreWorkersCheckpoint(checkpoint(state.bestEpoch), { weights });
    const assetsExtra = { 'arguments.json': argumentsJson(options), 'history.csv': historyText(state) };
    await model.save(directory, { assetsExtra });
    const callbacks = callbackStates(state, model.getWeights(), options.patience, validationImages);
    const metadata = metadataOf(state, optimizer.getClassName(), callbacks);
    const tensors = backupTensors({ weights: last, optimizer, callbacks: callbacks.map(([, each]) => each) });
    return await InterruptedTraining.begin(directory, options, scan, async (made) => {
      await new TrainingStateFolder(made).write(metadata, tensors);
    });
  } finally {
    tf.dispose(last);
  }
}

type NamedState = readonly [name: string, state: CallbackState];

function metadataOf({ epochs }: WorkersState, optimizer: string, callbacks: readonly NamedState[]): TrainingMetadata {
  const session = { totals: null, step: null, data: null, validationData: null };
  const states = callbacks.map(([name, { values }]) => ({ name, values }));
  return { epoch: epochs, batch: 0, session, optimizer, callbacks: states };
}

/** What the callbacks of `trainModel` would remember, by the names of their classes. */
function callbackStates(
  state: WorkersState,
  bestWeights: readonly tf.Tensor[],
  patience: number,
  validationImages: number,
): NamedState[] {
  const { bestEpoch, epochs, wait, isStopped } = state;
  const accuracy = state.history[bestEpoch - 1]?.[workersColumns.indexOf('val_accuracy')] ?? 0;
  // Workers count in float64, Node sums up float32: the same count of right images is no better than itself, one image more is.
  const best = accuracy + 0.25 / validationImages;
  const stoppedEpoch = isStopped && wait >= patience ? epochs - 1 : null;
  const tensors = Object.fromEntries(bestWeights.map((weight, i) => [String(i), weight]));
  return [
    ['CSVLogger', { values: { columns: workersColumns.slice(1), rows: historyRows(state) } }],
    ['ModelCheckpoint', { values: { best, saved: 1, batches: 0, kept: [] } }],
    ['EarlyStopping', { values: { best, bestEpoch: bestEpoch - 1, wait, stoppedEpoch }, tensors }],
  ];
}

/** As workers write it into `history.csv`. */
function historyRows({ history }: WorkersState): string[] {
  return history.map((row) => row.map((value) => value ?? 'nan').join(','));
}

function historyText(state: WorkersState): string {
  return [workersColumns.join(','), ...historyRows(state), ''].join('\n');
}

/** Their count tells steps of other batches or another data set. */
function checkSteps(iterations: tf.Variable, expected: number, folder: string): void {
  const [received] = iterations.dataSync();
  if (received === expected) return;
  throw new SignetError(
    'INVALID_TRAINING_STATE',
    `The training in ${folder} has taken ${received} steps. Expected: ${expected}, by its --batch-size and the images of --train-dataset-path. ` +
      'Give the images that it began with.',
  );
}
