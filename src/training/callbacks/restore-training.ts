import { SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';
import { variablesOf } from '../../tensorflow/layer-weights.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import type { SavedTraining } from '../resume/training-state.js';
import type { TrainingSession } from '../steps/training-session.js';
import { callbackPrefix, keyed } from './support/write-backup.js';
import { type CallbackState, isResumable, type ResumableCallback } from './support/callback-state.js';

/** A training that begins, and the one before that it continues. */
export interface RestoredTraining {
  readonly model: tf.LayersModel;
  readonly optimizer: Optimizer;
  readonly session: TrainingSession;
  readonly saved: SavedTraining;
  /** Named in messages. */
  readonly folder: string;
}

/**
 * Gives a training the weights, the optimizer's variables and the callbacks' states of the one that was saved.
 *
 * @throws SignetError `INVALID_TRAINING_STATE` if they are of another training; then the weights are as they were.
 */
export async function restoreTraining({ model, optimizer, session, saved, folder }: RestoredTraining): Promise<void> {
  optimizer.build(variablesOf(model.trainableWeights));
  checkSame('optimizer', optimizer.getClassName(), saved.metadata.optimizer, folder);
  const weights = keyed('weights', model.getWeights());
  const variables = keyed(
    'optimizer',
    optimizer.variables.map(({ variable }) => variable),
  );
  const expected = Object.keys({ ...weights, ...variables }).length;
  const received = saved.keys.filter((key) => !key.startsWith('callbacks/')).length;
  checkSame('count of variables', String(expected), String(received), folder);
  const values = await readAll(saved, { ...weights, ...variables });
  try {
    model.setWeights(Object.keys(weights).flatMap((key) => values[key] ?? []));
    for (const [key, variable] of Object.entries(variables)) {
      const value = values[key];
      if (value) variable.assign(value);
    }
    await restoreCallbacks(saved, session);
  } finally {
    tf.dispose(values);
  }
}

/** Returns the callbacks that have a state to keep, in their order. */
export function resumableOf({ callbacks }: TrainingSession): ResumableCallback[] {
  return callbacks.filter(isResumable);
}

/** Gives each state to the callback of its class; several of one class get theirs in order. A callback that is new starts from scratch. */
async function restoreCallbacks(saved: SavedTraining, session: TrainingSession): Promise<void> {
  const left = resumableOf(session);
  for (const [i, { name, values }] of saved.metadata.callbacks.entries()) {
    const position = left.findIndex((callback) => callback.constructor.name === name);
    const [callback] = position === -1 ? [] : left.splice(position, 1);
    const prefix = callbackPrefix(i);
    const keys = saved.keys.filter((key) => key.startsWith(prefix));
    if (callback) await restoreCallback(callback, values, saved, prefix, keys);
  }
}

async function restoreCallback(
  callback: ResumableCallback,
  values: CallbackState['values'],
  saved: SavedTraining,
  prefix: string,
  keys: readonly string[],
): Promise<void> {
  const tensors: Record<string, tf.Tensor> = {};
  try {
    for (const key of keys) tensors[key.slice(prefix.length)] = await saved.read(key, null);
    callback.restoreState({ values, tensors });
  } finally {
    tf.dispose(tensors);
  }
}

async function readAll(saved: SavedTraining, expected: Readonly<Record<string, tf.Tensor>>) {
  const values: Record<string, tf.Tensor> = {};
  try {
    for (const [key, tensor] of Object.entries(expected)) values[key] = await saved.read(key, tensor);
    return values;
  } catch (error) {
    tf.dispose(values);
    throw error;
  }
}

function checkSame(what: string, expected: string, received: string, folder: string): void {
  if (expected === received) return;
  throw new SignetError(
    'INVALID_TRAINING_STATE',
    `The training in ${folder} cannot be resumed: its ${what} is ${received}. Expected: ${expected}. Start it as it was started ` +
      'before, or remove the folder to start again.',
  );
}
