import { SignetError } from '../../errors.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import { importUserFile } from '../../models/user-file/import-user-file.js';
import type { CallbackLike } from '../../training/callbacks/callback.js';

/** The argument of the function that a file of callbacks may export. */
export interface CallbackContext {
  readonly model: ImageClassifierModel;
  /** Where the best model is saved. */
  readonly directory: string;
}

/** The default export of a file for `--callbacks`: callbacks, or a function that makes them. */
export type CallbacksExport = CallbackLike | readonly CallbackLike[] | ((context: CallbackContext) => CallbacksResult);
type CallbacksResult = CallbackLike | readonly CallbackLike[] | Promise<CallbackLike | readonly CallbackLike[]>;

const methods = ['onTrainBegin', 'onTrainEnd', 'onEpochBegin', 'onEpochEnd', 'onBatchBegin', 'onBatchEnd'] as const;

/**
 * Loads the callbacks of a user's file.
 *
 * @throws SignetError `INVALID_ARGUMENT` that says what the file lacks.
 */
export async function loadCallbacks(file: string, context: CallbackContext): Promise<CallbackLike[]> {
  const { default: exported } = await importCallbacks(file);
  const made: unknown =
    typeof exported === 'function' ? await (exported as (c: CallbackContext) => unknown)(context) : exported;
  const list = Array.isArray(made) ? (made as unknown[]) : [made];
  return list.map((each) => checkedCallback(each, file));
}

/** Imports the file. Called before anything long begins, it reports a mistake in the file at once. */
export function importCallbacks(file: string): Promise<Record<string, unknown>> {
  return importUserFile(file, '--callbacks');
}

function checkedCallback(value: unknown, file: string): CallbackLike {
  const object = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (methods.some((method) => typeof object[method] === 'function')) return object;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `--callbacks names ${file}, whose default export is not a callback: export default [new MyCallback()], or a function that returns such a list, ` +
      `or an object with one of ${methods.join(', ')}. Received: ${value === undefined ? 'no default export' : typeof value}.`,
  );
}
