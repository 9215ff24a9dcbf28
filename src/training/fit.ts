import { SignetError } from '../errors.js';
import '../ops/random-layers.js';
import { ImageDataset } from '../data/dataset/image-dataset.js';
import * as tf from '../tensorflow/tf.js';
import type { Augmentation } from './augmentation/augmentation.js';
import type { ClassWeight } from './class-weight.js';
import type { CallbackLike } from './callbacks/callback.js';
import { RunningTraining } from './running-training.js';
import type { Jit } from './steps/choose-step.js';
import { eagerSteps, TrainSteps, type TrainStepsOptions } from './steps/train-steps.js';
import { withTrainingSession } from './steps/training-session.js';
import { trainedModelOf, withSteps } from './tfjs-step.js';

/** Options of `fit`; those not listed here are TF.js's, as `tf.LayersModel.fitDataset` takes them. */
export type FitOptions<T extends tf.TensorContainer> = Omit<tf.ModelFitDatasetArgs<T>, 'callbacks' | 'classWeight'> & {
  /**
   * Weight of each class in the loss that is trained on, by label; other classes count 1. The validation's loss is not weighted, as in
   * Keras. Default: all count 1.
   */
  readonly classWeight?: ClassWeight;
  /** Changes to the images before each training step, but not to those of the validation. Default: none. */
  readonly augmentation?: Augmentation | undefined;
  /** Callbacks, called in this order. What they assign, such as the learning rate or the weights, counts from the next step on. Default: none. */
  readonly callbacks?: readonly CallbackLike[];
  /** Way in which a step is run. Default: `auto`. */
  readonly jit?: Jit;
  /** Called with a sentence about what was chosen or could not be done. Default: writes it to standard error. */
  readonly onNote?: (note: string) => void;
};

/**
 * Trains a compiled model (`model.compile(...)`) with TF.js's own `fitDataset`, whose steps run as compiled graphs.
 *
 * Meanwhile the weights live in a session; they are copied to the model before the callbacks' `onEpochEnd` and at the end. A step that
 * cannot be traced runs op by op, which is noted once.
 */
export async function fit<T extends tf.TensorContainer>(
  model: tf.LayersModel,
  dataset: tf.data.Dataset<T>,
  { callbacks = [], classWeight = {}, augmentation, jit = 'auto', onNote = writeNote, ...args }: FitOptions<T>,
): Promise<tf.History> {
  const trained = trainedModelOf(model);
  resizeImages(dataset, trained);
  resizeImages(args.validationData, trained);
  const changes = { classWeight, augmentation: augmentation ?? null };
  const compiled = await compileSteps(trained, { jit, ...changes, steps: stepCount(dataset, args), onNote });
  const running = new RunningTraining(dataset, args, callbacks, compiled);
  // TF.js's own: an ImageClassifierModel's fitDataset comes here.
  const train = () => tf.LayersModel.prototype.fitDataset.call(trained, running.dataset, running.args);
  try {
    const steps = compiled ?? eagerSteps(trained, changes);
    return await withSteps(trained, steps, () => withTrainingSession(trained, running, train));
  } finally {
    compiled?.dispose();
  }
}

/**
 * Gives an ImageDataset the size of images that a model takes; other data and other models are left alone.
 *
 * @throws SignetError `INVALID_ARGUMENT` that names both sizes when the dataset was made with another one.
 */
export function resizeImages(dataset: unknown, { inputs }: tf.LayersModel): void {
  const [, height, width] = inputs.length === 1 ? (inputs[0]?.shape ?? []) : [];
  if (dataset instanceof ImageDataset && height && width) dataset.fitTo([height, width]);
}

/** Writes a note to standard error. */
export function writeNote(note: string): void {
  process.stderr.write(`${note}\n`);
}

/** Compiles the steps; null if they are to run op by op. */
async function compileSteps(
  model: tf.LayersModel,
  { jit, onNote, ...options }: Omit<TrainStepsOptions, 'jit'> & { readonly jit: Jit },
): Promise<TrainSteps | null> {
  if (jit === 'off') return null;
  try {
    return await TrainSteps.compile(model, { jit, onNote, ...options });
  } catch (error) {
    if (!(error instanceof SignetError) || error.code !== 'NOT_TRACEABLE') throw error;
    onNote(`The training step cannot become a graph, so it runs op by op, several times as slow: ${error.message}`);
    return null;
  }
}

/** Counts the steps that there are at most; nothing if the dataset does not know its size. */
function stepCount<T extends tf.TensorContainer>(
  { size }: tf.data.Dataset<T>,
  { epochs, initialEpoch = 0, batchesPerEpoch = size }: FitOptions<T>,
): number | undefined {
  const steps = batchesPerEpoch * (epochs - initialEpoch);
  return Number.isFinite(steps) && steps > 0 ? steps : undefined;
}
