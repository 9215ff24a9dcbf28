import type * as tf from '../../../tensorflow/tf.js';
import type { Optimizer } from '../../optimizers/optimizer.js';
import type { TrainingStateFolder } from '../../resume/training-state.js';
import { freshSession, type SessionState } from '../../steps/training-session.js';
import type { CallbackState } from './callback-state.js';

/** A training that is backed up; its tensors stay their owners'. */
export interface BackedUpTraining {
  /** Number of the epoch that runs or comes next, from 0. */
  readonly epoch: number;
  /** Number of that epoch's batches that are done. Default: 0. */
  readonly batch?: number;
  /** Default: `freshSession`. */
  readonly session?: SessionState;
  /** Weights in the order of `model.getWeights()`. */
  readonly weights: readonly tf.Tensor[];
  readonly optimizer: Optimizer;
  /** States of the callbacks in their order, with the names of their classes. */
  readonly callbacks: readonly NamedState[];
}

/** State of a callback with the name of its class. */
export interface NamedState {
  readonly name: string;
  readonly state: CallbackState;
}

/** Writes a backup as `restoreTraining` reads it. @throws SignetError `CANNOT_WRITE`. */
export async function writeBackup(folder: TrainingStateFolder, training: BackedUpTraining): Promise<void> {
  const { epoch, batch = 0, session = freshSession, weights, optimizer } = training;
  const callbacks = training.callbacks.map(({ name, state: { values } }) => ({ name, values }));
  const tensors = {
    ...keyed('weights', weights),
    ...keyed(
      'optimizer',
      optimizer.variables.map(({ variable }) => variable),
    ),
    ...Object.fromEntries(
      training.callbacks.flatMap(({ state: { tensors: kept = {} } }, i) => prefixed(callbackPrefix(i), kept)),
    ),
  };
  await folder.write({ epoch, batch, session, optimizer: optimizer.getClassName(), callbacks }, tensors);
}

/** Returns the prefix of the keys of a callback's tensors. @param position Position of the callback in the metadata. */
export function callbackPrefix(position: number): string {
  return `callbacks/${position}/`;
}

/** Returns tensors by key: `weights/000000` and so on. */
export function keyed<T extends tf.Tensor>(prefix: string, tensors: readonly T[]): Record<string, T> {
  return Object.fromEntries(tensors.map((tensor, i) => [`${prefix}/${String(i).padStart(6, '0')}`, tensor]));
}

function prefixed(prefix: string, tensors: Readonly<Record<string, tf.Tensor>>): [string, tf.Tensor][] {
  return Object.entries(tensors).map(([name, tensor]) => [`${prefix}${name}`, tensor]);
}
