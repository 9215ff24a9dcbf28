import type * as tf from '../../../tensorflow/tf.js';
import type { Optimizer } from '../../optimizers/optimizer.js';
import type { CallbackState } from './callback-state.js';

/** What of a training is kept as tensors. */
export interface BackedUpTraining {
  /** In the order of `model.getWeights()`. */
  readonly weights: readonly tf.Tensor[];
  readonly optimizer: Optimizer;
  /** What the callbacks remember, in the order of the metadata's. */
  readonly callbacks: readonly CallbackState[];
}

/** The tensors of a backup by their keys, as `BackupAndRestore` writes and reads them; they stay their owners'. */
export function backupTensors({ weights, optimizer, callbacks }: BackedUpTraining): Record<string, tf.Tensor> {
  return {
    ...keyed('weights', weights),
    ...keyed(
      'optimizer',
      optimizer.variables.map(({ variable }) => variable),
    ),
    ...Object.fromEntries(callbacks.flatMap(({ tensors = {} }, i) => prefixed(callbackPrefix(i), tensors))),
  };
}

/** What the keys of a callback's tensors begin with. @param position Among the callbacks of the metadata. */
export function callbackPrefix(position: number): string {
  return `callbacks/${position}/`;
}

/** `weights/000000` and so on. */
export function keyed<T extends tf.Tensor>(prefix: string, tensors: readonly T[]): Record<string, T> {
  return Object.fromEntries(tensors.map((tensor, i) => [`${prefix}/${String(i).padStart(6, '0')}`, tensor]));
}

function prefixed(prefix: string, tensors: Readonly<Record<string, tf.Tensor>>): [string, tf.Tensor][] {
  return Object.entries(tensors).map(([name, tensor]) => [`${prefix}${name}`, tensor]);
}
