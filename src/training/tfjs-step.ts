import { replaced, replacedAccessor } from '../tensorflow/mended/replaced.js';
import { variablesOf } from '../tensorflow/layer-weights.js';
import * as tf from '../tensorflow/tf.js';
import { binarySmoothingOf, type Loss } from './losses.js';
import { Optimizer } from './optimizers/optimizer.js';

/*
 * The only file that knows how a `tf.LayersModel` of TF.js 4.22 makes its training and test step. Source:
 * tfjs-layers/src/engine/training.ts.
 */

/** A step as TF.js's training loop calls it: inputs and targets in, loss and metrics out. */
export type Step = (data: tf.Tensor[]) => tf.Scalar[];

/** Steps that train and validate a model. */
export interface Steps {
  readonly train: Step;
  /** Null for TF.js's own. */
  readonly test: Step | null;
}

/** The members of a model that make its steps, which TF.js's typings hide. */
interface StepMaker {
  makeTrainFunction(): Step;
  /** Sets `testFunction`. */
  makeTestFunction(): void;
  testFunction: Step | undefined;
  lossFunctions: readonly Loss[];
}

function makerOf(model: tf.LayersModel): StepMaker {
  return model as unknown as StepMaker;
}

/** Returns the model that is trained: a `tf.sequential` model delegates all training to an inner model, which its typings hide. */
export function trainedModelOf(model: tf.LayersModel): tf.LayersModel {
  return model instanceof tf.Sequential ? (model as unknown as { model: tf.LayersModel }).model : model;
}

/** Returns TF.js's own training step. After inputs and targets it takes, optionally, a weight for each image. */
export function stepOf(model: tf.LayersModel): Step {
  return makerOf(model).makeTrainFunction();
}

/** Returns TF.js's own test step. */
export function testStepOf(model: tf.LayersModel): Step {
  const maker = makerOf(model);
  maker.makeTestFunction();
  const step = maker.testFunction;
  if (!step) throw new Error('unreachable: makeTestFunction sets testFunction');
  maker.testFunction = undefined;
  return step;
}

/**
 * Returns the sizes of a label after the batch: none for a position, the number of classes where an image may have several of them: in a
 * classifier that says so (`multiLabel`), and in any model that is compiled with binary cross-entropy.
 */
export function labelSizesOf(model: tf.LayersModel & { readonly multiLabel?: boolean }, output = 0): number[] {
  const { lossFunctions = [] } = makerOf(model) as Partial<StepMaker>;
  const isMultiLabel = model.multiLabel ?? binarySmoothingOf(lossFunctions[output]) !== null;
  return isMultiLabel ? [model.outputs[output]?.shape.at(-1) ?? 0] : [];
}

/** How a model in training is asked to stop, and when TF.js's loop stops. */
export interface Stop {
  /** Value that a callback reads in `model.stopTraining`. */
  readonly isAsked: () => boolean;
  /** Called with the value assigned to it. */
  readonly ask: (isAsked: boolean) => void;
  /** Called after each batch and each epoch. */
  readonly endsHere: () => boolean;
}

/**
 * Replaces the model's `stopTraining`, and the member that the training loop reads. The loop sets that to false once it has begun: then
 * a request made earlier, while the steps were being compiled, would be lost.
 *
 * @returns A function that puts the originals back; the last request stays readable.
 */
export function replacedStop(model: tf.LayersModel, { isAsked, ask, endsHere }: Stop): () => void {
  // Before its first training a model has no `stopTraining_`.
  model.stopTraining = isAsked();
  const members = model as unknown as { stopTraining: boolean; stopTraining_: boolean };
  const restoreAsked = replacedAccessor(members, 'stopTraining', { get: isAsked, set: ask });
  const restoreRead = replacedAccessor(members, 'stopTraining_', { get: endsHere, set: () => undefined });
  return () => {
    restoreAsked();
    restoreRead();
    model.stopTraining = isAsked();
  };
}

/** Runs `run` while the model's own `fitDataset` uses these steps. */
export async function withSteps<T>(model: tf.LayersModel, { train, test }: Steps, run: () => Promise<T>): Promise<T> {
  const maker = makerOf(model);
  const restoreTrain = replaced(maker, 'makeTrainFunction', () => () => train);
  const restoreTest = replaced(maker, 'makeTestFunction', (makeTestFunction) => () => {
    if (test) maker.testFunction = test;
    else makeTestFunction.call(maker);
  });
  try {
    return await run();
  } finally {
    restoreTrain();
    restoreTest();
    maker.testFunction = undefined;
  }
}

/** Runs `run` while the model's step takes an inner tensor instead of its inputs: nothing before it is computed. */
export function withInput<T>(model: tf.LayersModel, input: tf.SymbolicTensor, run: () => T): T {
  const restore = replaced(model, 'inputs', () => [input]);
  try {
    return run();
  } finally {
    restore();
  }
}

/** Runs `run` while the model's step computes other losses. */
export function withLosses<T>(model: tf.LayersModel, change: (loss: Loss) => Loss, run: () => T): T {
  const restore = replaced(makerOf(model), 'lossFunctions', (losses) => losses.map(change));
  try {
    return run();
  } finally {
    restore();
  }
}

/** Runs `run` while the model computes with the moving averages of its weights, where its optimizer keeps them (`useEma`). */
export function withAverages<T>(model: tf.LayersModel, run: () => T): T {
  const optimizer = model.optimizer as unknown;
  const weights = optimizer instanceof Optimizer ? model.trainableWeights : [];
  const variables = variablesOf(weights);
  const restores = weights.flatMap((weight, i) => {
    const variable = variables[i];
    const average = variable && optimizer instanceof Optimizer ? optimizer.averageOf(variable) : null;
    // A layer reads its weight's `val`, which the typings hide.
    return average ? [replaced(weight as unknown as { val: tf.Variable }, 'val', () => average)] : [];
  });
  try {
    return run();
  } finally {
    for (const restore of restores) restore();
  }
}

/** A gradient as TF.js hands it to an optimizer, by its variable's name: null for a variable on which the loss does not depend. */
export interface NamedGradient {
  readonly name: string;
  readonly tensor: tf.Tensor | null | undefined;
}

/** Runs `run` while the optimizer's gradients go to `take`, which leaves them their owner's; no weight changes. */
export function withGradients<T>(
  optimizer: tf.Optimizer,
  take: (gradients: readonly NamedGradient[]) => void,
  run: () => T,
): T {
  // `minimize` passes an array; only other callers pass an object by names.
  const restore = replaced(optimizer, 'applyGradients', () => (gradients) => take(gradients as NamedGradient[]));
  try {
    return run();
  } finally {
    restore();
  }
}
