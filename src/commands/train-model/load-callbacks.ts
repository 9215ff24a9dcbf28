import { SignetError } from '../../errors.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import { importUserFile } from '../../models/user-file/import-user-file.js';
import * as tf from '../../tensorflow/tf.js';

/** The argument of the function that a file of callbacks may export. */
export interface CallbackContext {
  readonly model: ImageClassifierModel;
  /** Where the best model is saved. */
  readonly directory: string;
}

/** The default export of a file for `--callbacks`: callbacks, or a function that makes them. */
export type CallbacksExport = CallbackLike | readonly CallbackLike[] | ((context: CallbackContext) => CallbacksResult);
type CallbacksResult = CallbackLike | readonly CallbackLike[] | Promise<CallbackLike | readonly CallbackLike[]>;

/** A callback of a class, or an object with some of its methods, such as `{ onEpochEnd(epoch, logs) {...} }`. */
export type CallbackLike = tf.Callback | tf.CustomCallbackArgs;

const methods = ['onTrainBegin', 'onTrainEnd', 'onEpochBegin', 'onEpochEnd', 'onBatchBegin', 'onBatchEnd'] as const;

/**
 * Loads the callbacks of a user's file.
 *
 * @throws SignetError `INVALID_ARGUMENT` that says what the file lacks.
 */
export async function loadCallbacks(file: string, context: CallbackContext): Promise<tf.Callback[]> {
  const { default: exported } = await importCallbacks(file);
  const made: unknown =
    typeof exported === 'function' ? await (exported as (c: CallbackContext) => unknown)(context) : exported;
  const list = Array.isArray(made) ? (made as unknown[]) : [made];
  return list.map((each) => toCallback(each, file));
}

/** Imports the file. Called before anything long begins, it reports a mistake in the file at once. */
export function importCallbacks(file: string): Promise<Record<string, unknown>> {
  return importUserFile(file, '--callbacks');
}

function toCallback(value: unknown, file: string): tf.Callback {
  const object = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof object.setModel === 'function' && typeof object.setParams === 'function') return value as tf.Callback;
  const own = methods.filter((method) => typeof object[method] === 'function');
  if (own.length > 0) return new tf.CustomCallback(value as tf.CustomCallbackArgs) as unknown as tf.Callback;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `--callbacks names ${file}, whose default export is not a callback: export default [new MyCallback()], or a function that returns such a list, ` +
      `or an object with one of ${methods.join(', ')}. Received: ${value === undefined ? 'no default export' : typeof value}.`,
  );
}
