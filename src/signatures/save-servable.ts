import { SignetError } from '../errors.js';
import type {
  SavedModelParts,
  SignatureMethod,
  SignatureParts,
  TrackedObject,
} from '../saved-model/write/saved-model-parts.js';
import { writeSavedModel } from '../saved-model/write/write-saved-model.js';
import { isTfFunction, nameTfFunction, type TfFunction } from '../tracing/tf-function.js';
import { Tracker } from './track-object.js';

/** A tf function behind a signature. */
export interface ServedFunction {
  /** The function that the signature calls. */
  readonly function: TfFunction<never>;
  /** TensorFlow Serving's API that the signature answers to. Default: `predict`. */
  readonly method?: SignatureMethod;
  /**
   * The signature's outputs, each with the result of the function that it is; a tensor returned by itself is `output_0`.
   * Text alone names the only output. Default: all results, under their own names.
   */
  readonly outputs?: string | Readonly<Record<string, string>>;
}

/** Options of `save`. */
export interface SaveServableOptions extends Pick<SavedModelParts, 'assetsExtra'> {
  /** Functions by SignatureDef key; clients that name no signature get `serving_default`. */
  readonly signatures: Readonly<Record<string, TfFunction<never> | ServedFunction>>;
  /** Objects that the SavedModel's root holds in addition to the object's fields, by name. Default: none. */
  readonly tracked?: AlsoTracked | undefined;
}

/** Functions and lists of variables that are not fields of the exported object. */
export type AlsoTracked = Required<Pick<TrackedObject, 'functions' | 'lists'>>;

/**
 * Exports an object, a Servable or a layers model, as a SavedModel; see `Servable` for which parts of it.
 *
 * @throws SignetError `NOT_TRACEABLE`, `INVALID_SIGNATURE`, `INVALID_ASSET`, `CANNOT_WRITE`.
 */
export async function saveServable(
  servable: object,
  directory: string,
  { signatures, assetsExtra, tracked = { functions: {}, lists: {} } }: SaveServableOptions,
): Promise<void> {
  const root = new Tracker().track(servable);
  checkFreeNames(root, tracked);
  // In JavaScript nothing has checked that they are given.
  const served = Object.entries(checkedSignatures(signatures)).map(
    ([key, value]) => [key, signatureParts(key, value)] as const,
  );
  await writeSavedModel(directory, {
    ...root,
    functions: { ...root.functions, ...tracked.functions },
    lists: tracked.lists,
    signatures: Object.fromEntries(served),
    assetsExtra,
  });
}

function checkFreeNames({ functions, variables, assets, children }: TrackedObject, tracked: AlsoTracked): void {
  const taken = Object.keys({ ...functions, ...variables, ...assets, ...children });
  const twice = Object.keys({ ...tracked.functions, ...tracked.lists }).find((name) => taken.includes(name));
  if (twice === undefined) return;
  throw new SignetError(
    'INVALID_SIGNATURE',
    `A field is called ${twice} in a SavedModel, which is what the functions of a training are called there. Rename the field.`,
  );
}

function checkedSignatures(signatures: SaveServableOptions['signatures'] | null | undefined) {
  if (typeof signatures === 'object' && signatures !== null) return signatures;
  throw new SignetError(
    'INVALID_SIGNATURE',
    `save takes { signatures: { serving_default: this.predict } }. Received for signatures: ${String(signatures)}.`,
  );
}

function signatureParts(key: string, value: TfFunction<never> | ServedFunction): SignatureParts {
  const { function: fn, method, outputs } = isTfFunction(value) ? { function: value } : (value as ServedFunction);
  if (!isTfFunction(fn)) {
    throw new SignetError(
      'INVALID_SIGNATURE',
      `The signature "${key}" is a tf function, or { function, method, outputs }. Received: ${describe(value)}. ` +
        'Wrap a method with tfFunction and give the field itself: { signatures: { serving_default: this.predict } }.',
    );
  }
  nameTfFunction(fn, key);
  const graph = fn.getConcreteFunction();
  const named = typeof outputs === 'string' ? { [outputs]: graph.outputs[0]?.name ?? '' } : outputs;
  return { function: graph, method, outputs: named };
}

function describe(value: unknown): string {
  if (typeof value === 'function') return 'an ordinary function';
  return typeof value === 'object' && value !== null ? `{ ${Object.keys(value).join(', ')} }` : String(value);
}
