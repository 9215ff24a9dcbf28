import * as tf from '../tensorflow/tf.js';
import type { ClassWeight } from './class-weight.js';
import type { FitOptions } from './fit.js';

/**
 * Translates the arguments of TF.js's `fitDataset` into options of `fit`: callbacks given as functions become objects, class weights
 * given per output become those of the model's only output, and progress is shown unless `verbose` is 0.
 */
export function fitOptionsOf<T extends tf.TensorContainer>(
  { outputNames }: tf.LayersModel,
  { callbacks, classWeight, verbose = 1, ...args }: tf.ModelFitDatasetArgs<T>,
): FitOptions<T> {
  return {
    ...args,
    verbose,
    callbacks: callbackObjects(callbacks, args.yieldEvery),
    classWeight: weightsOfOutput(classWeight, outputNames[0] ?? ''),
  };
}

/** TF.js makes the objects itself, but only when the first callback is given as functions; `fit` puts its own before them. */
function callbackObjects(
  callbacks: tf.ModelFitDatasetArgs<tf.TensorContainer>['callbacks'] = {},
  yieldEvery: tf.ModelFitDatasetArgs<tf.TensorContainer>['yieldEvery'],
): tf.Callback[] {
  const all = Array.isArray(callbacks) ? callbacks : [callbacks];
  return all.map((callback) => {
    // Of `tf.Callback`, which adds only the typing of `setModel`.
    if ('setParams' in callback) return callback as tf.Callback;
    return new tf.CustomCallback(callback, yieldEvery) as unknown as tf.Callback;
  });
}

function weightsOfOutput(
  given: tf.ModelFitDatasetArgs<tf.TensorContainer>['classWeight'] = {},
  output: string,
): ClassWeight {
  if (Array.isArray(given)) return given[0] ?? {};
  const ofOutput = (given as Record<string, ClassWeight | number | undefined>)[output];
  return typeof ofOutput === 'object' ? ofOutput : (given as ClassWeight);
}
