import * as tf from '../tensorflow/tf.js';
import type { CallbackLike } from './callbacks/callback.js';
import type { ClassWeight } from './class-weight.js';
import type { FitOptions } from './fit.js';

/** Arguments of TF.js's `fitDataset`; its callbacks may also be callbacks of `fit`. */
export type FitDatasetArgs<T> = Omit<tf.ModelFitDatasetArgs<T>, 'callbacks'> & {
  /** Callbacks, called in this order; a single one needs no list. Default: none. */
  readonly callbacks?: GivenCallback | readonly GivenCallback[];
};

type GivenCallback = CallbackLike | tf.CustomCallbackArgs;

/**
 * Translates the arguments of TF.js's `fitDataset` into options of `fit`: a single callback becomes a list, class weights
 * given per output become those of the model's only output, and progress is shown unless `verbose` is 0.
 */
export function fitOptionsOf<T extends tf.TensorContainer>(
  { outputNames }: tf.LayersModel,
  { callbacks, classWeight, verbose = 1, ...args }: FitDatasetArgs<T>,
): FitOptions<T> {
  return {
    ...args,
    verbose,
    callbacks: callbackObjects(callbacks, args.yieldEvery),
    classWeight: weightsOfOutput(classWeight, outputNames[0] ?? ''),
  };
}

/** Gives `onYield` to TF.js's own class, which knows when to call it. */
function callbackObjects(
  callbacks: GivenCallback | readonly GivenCallback[] = [],
  yieldEvery: tf.ModelFitDatasetArgs<tf.TensorContainer>['yieldEvery'],
): CallbackLike[] {
  const all = Array.isArray(callbacks) ? (callbacks as readonly GivenCallback[]) : [callbacks as GivenCallback];
  return all.map((callback) => ('onYield' in callback ? new tf.CustomCallback(callback, yieldEvery) : callback));
}

function weightsOfOutput(
  given: tf.ModelFitDatasetArgs<tf.TensorContainer>['classWeight'] = {},
  output: string,
): ClassWeight {
  if (Array.isArray(given)) return given[0] ?? {};
  const ofOutput = (given as Record<string, ClassWeight | number | undefined>)[output];
  return typeof ofOutput === 'object' ? ofOutput : (given as ClassWeight);
}
