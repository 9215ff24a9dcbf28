import { SignetError } from '../../../errors.js';
import type * as tf from '../../../tensorflow/tf.js';
import type { CallbackLike } from '../callback.js';

/** State that a callback keeps between epochs. */
export interface CallbackState {
  /** Values that JSON can hold. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Tensors by name; the callback keeps them, and the code that saves the state clones them. */
  readonly tensors?: Readonly<Record<string, tf.Tensor>>;
}

/** A callback that continues where it was when a training is resumed; `BackupAndRestore` keeps its state. */
export interface ResumableCallback extends CallbackLike {
  /** Called after the other hooks of an epoch or a batch, when a backup is made. */
  saveState(): CallbackState;
  /**
   * Called at the end of `onTrainBegin`, once every callback has had its own.
   *
   * @param state What `saveState` returned; its values come from a file and must be checked.
   * @throws SignetError `INVALID_TRAINING_STATE`.
   */
  restoreState(state: CallbackState): void;
  /** Whether it has ended the training, so that nothing is left to do if it is resumed. Default: false. */
  readonly hasEnded?: boolean;
}

/** Whether a callback has a state to keep. */
export function isResumable(callback: CallbackLike): callback is ResumableCallback {
  const { saveState, restoreState } = callback as Partial<ResumableCallback>;
  return typeof saveState === 'function' && typeof restoreState === 'function';
}

/** A number of a state. @throws SignetError `INVALID_TRAINING_STATE`. */
export function stateNumber({ values }: CallbackState, name: string): number {
  const value = values[name];
  if (typeof value === 'number') return value;
  throw new SignetError('INVALID_TRAINING_STATE', `${name} of a callback's state is a number. Received: ${value}.`);
}

/** A number of a state that may be missing. @throws SignetError `INVALID_TRAINING_STATE`. */
export function stateNumberOrNull(state: CallbackState, name: string): number | null {
  return state.values[name] === null ? null : stateNumber(state, name);
}
