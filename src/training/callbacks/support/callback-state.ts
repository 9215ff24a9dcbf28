import { SignetError } from '../../../errors.js';
import * as tf from '../../../tensorflow/tf.js';

/** What a callback remembers between epochs. */
export interface CallbackState {
  /** What JSON can say. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Tensors by name; whoever keeps the state clones them. */
  readonly tensors?: Readonly<Record<string, tf.Tensor>>;
}

/** A callback that goes on where it was when a training is resumed; `BackupAndRestore` keeps its state. */
export interface ResumableCallback extends tf.Callback {
  saveState(): CallbackState;
  /** Called in `onTrainBegin`, after the callbacks before it. The values come from a file. @throws SignetError. */
  restoreState(state: CallbackState): void;
  /** Whether it has ended the training: one that was kept just then has nothing left to do. Default: it has not. */
  readonly hasEnded?: boolean;
}

/** Whether a callback has a state to keep. */
export function isResumable(callback: tf.Callback): callback is ResumableCallback {
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
