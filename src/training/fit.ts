import { SignetError } from '../errors.js';
import '../ops/random-layers.js';
import { ImageDataset } from '../data/dataset/image-dataset.js';
import type { Preprocessing } from '../ops/fit-images.js';
import type { Precision, PrecisionChoice } from '../tensorflow/precision.js';
import * as tf from '../tensorflow/tf.js';
import type { Augmentation } from './augmentation/augmentation.js';
import { choosePrecision } from './choose-precision.js';
import type { ClassWeight } from './class-weight.js';
import type { CallbackLike } from './callbacks/callback.js';
import { StoppedBeforeStep } from './features/feature-source.js';
import { FeaturesOnce } from './features/features-once.js';
import { RunningTraining } from './running-training.js';
import { AveragedWeights } from './steps/averaged-weights.js';
import type { Jit } from './steps/choose-step.js';
import { StopPoint } from './steps/stop-point.js';
import { eagerSteps, TrainSteps, type TrainStepsOptions } from './steps/train-steps.js';
import { withTrainingSession } from './steps/training-session.js';
import { type Steps, trainedModelOf, withSteps } from './tfjs-step.js';
import { tell } from '../text/tell.js';

/** Options of `fit`; those not listed here are TF.js's, as `tf.LayersModel.fitDataset` takes them. */
export type FitOptions<T extends tf.TensorContainer> = Omit<tf.ModelFitDatasetArgs<T>, 'callbacks' | 'classWeight'> & {
  /**
   * Weight of each class in the loss that is trained on, by label; other classes count 1. The validation's loss is not weighted, as in
   * Keras. Default: all count 1.
   */
  readonly classWeight?: ClassWeight;
  /** Changes to the images before each training step; validation images are left unchanged. Default: none. */
  readonly augmentation?: Augmentation | undefined;
  /**
   * Callbacks, called in this order. Values that they assign, such as the learning rate or the weights, take effect from the next step on. Default:
   * none.
   */
  readonly callbacks?: readonly CallbackLike[];
  /** How a step is run. Default: `auto`. */
  readonly jit?: Jit;
  /**
   * Numbers that convolutions and products of matrices compute with; weights stay float32. bfloat16 is faster on some processors and changes the
   * third digit of a logit; `auto` measures that first, within seconds, and takes bfloat16 where it is more than 3 % faster. It does not apply to
   * XLA, nor to steps that run op by op. Default: `float32`.
   */
  readonly precision?: PrecisionChoice | undefined;
  /**
   * Whether a step keeps only some results of the forward pass, such as those of residual blocks, and computes the others again when the backward pass needs
   * them: less memory, and up to a third more time. Gradients are equal. For steps that run as a graph. Default: false.
   */
  readonly recompute?: boolean | undefined;
  /**
   * Whether the part of the model before its first trained layer is computed once per image instead of in every epoch. It needs an ImageDataset,
   * whose `cacheMebibytes` limits the memory for it; the rest goes to the disk. Augmentation changes the images in every step (but see
   * `featureViews`), and a step that runs op by op takes images: then nothing is computed ahead. Default: true.
   */
  readonly featuresOnce?: boolean;
  /**
   * Number of augmented versions of each image for which the part of the model before its first trained layer is computed once: the epochs take them
   * in turn. `MixUp` and `CutMix` are not possible with it. Default: augmentation changes the images in every step, and nothing is computed once.
   */
  readonly featureViews?: number | undefined;
  /** Called with a sentence about what was chosen or could not be done. Default: writes it to standard error. */
  readonly onNote?: (note: string) => void;
};

/**
 * Trains a compiled model (`model.compile(...)`) with TF.js's own `fitDataset`; its steps run as compiled graphs.
 *
 * Meanwhile the weights live in a session; they are copied to the model before the callbacks' `onEpochEnd` and at the end. A step that
 * cannot be traced runs op by op, which is noted once.
 */
export async function fit<T extends tf.TensorContainer>(
  model: tf.LayersModel,
  dataset: tf.data.Dataset<T>,
  options: FitOptions<T>,
): Promise<tf.History> {
  const trained = trainedModelOf(model);
  const stop = new StopPoint(trained);
  try {
    return await fitUntil(stop, trained, dataset, options);
  } finally {
    stop.release();
  }
}

async function fitUntil<T extends tf.TensorContainer>(
  stop: StopPoint,
  trained: tf.LayersModel,
  dataset: tf.data.Dataset<T>,
  { callbacks = [], classWeight = {}, augmentation, jit = 'auto', onNote = writeNote, ...rest }: FitOptions<T>,
): Promise<tf.History> {
  const { featuresOnce = true, featureViews, precision: asked = 'float32', recompute = false, ...args } = rest;
  if (asked !== 'float32') checkJit('precision', asked, jit);
  if (recompute) checkJit('recompute', recompute, jit);
  fitDatasetTo(dataset, trained);
  fitDatasetTo(args.validationData, trained);
  const { validationData } = args;
  const views = viewsOf(augmentation, featureViews);
  const isPossible = featuresOnce && jit !== 'off' && (augmentation === undefined || views !== null);
  const precision = await choosePrecision(trained, asked, onNote);
  const found = isPossible ? FeaturesOnce.find(trained, { dataset, validationData, views, precision, onNote }) : null;
  if (views && !found)
    onNote(
      'featureViews (--feature-views) has no effect: nothing is computed once, so every step augments the images.',
    );
  const from = found?.prefix.output;
  const changes = { classWeight, augmentation: (found ? undefined : augmentation) ?? null };
  const steps = stepCount(dataset, args);
  const compiled = await compileSteps(trained, {
    jit: wayIn(precision, recompute, jit),
    ...changes,
    from,
    steps,
    precision,
    recompute,
    onNote,
  });
  const features = compiled && found;
  const averages = AveragedWeights.of(trained);
  const running = runningTraining(dataset, args, features, { callbacks, compiled, averages, stop });
  // TF.js's own: an ImageClassifierModel's fitDataset comes here.
  const train = () => tf.LayersModel.prototype.fitDataset.call(trained, running.dataset, running.args);
  try {
    const used = compiled ? stepsOn(compiled, features) : eagerSteps(trained, { classWeight, augmentation: augmentation ?? null }); // prettier-ignore
    const heard = { train: used.train, test: used.test && running.heard(used.test) };
    return await withSteps(trained, heard, () => withTrainingSession(trained, running, () => untilStopped(running, trained, train))); // prettier-ignore
  } finally {
    compiled?.dispose();
    found?.dispose();
  }
}

/** @throws SignetError `INVALID_ARGUMENT` for an option that changes graphs where steps do not run as one. */
function checkJit(name: 'precision' | 'recompute', value: string | boolean, jit: Jit): void {
  if (jit === 'auto' || jit === 'graph') return;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `${name} (--${name}) is for steps that run as a graph: jit (--jit) auto or graph. Received: ${value} with jit ${jit}.`,
  );
}

/** XLA would compile the graph as it was before TensorFlow rewrote it, in float32; and computes nothing twice. */
function wayIn(precision: Precision, recompute: boolean, jit: Jit): Jit {
  return precision === 'bfloat16' || recompute ? 'graph' : jit;
}

/** @throws SignetError `INVALID_ARGUMENT` for an invalid number of views, and for images that are mixed. */
function viewsOf(augmentation: Augmentation | undefined, count: number | undefined) {
  if (count === undefined) return null;
  if (!augmentation) {
    throw new SignetError(
      'INVALID_ARGUMENT',
      'featureViews (--feature-views) is for images that are augmented (--augment).',
    );
  }
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new SignetError(
      'INVALID_ARGUMENT',
      `featureViews (--feature-views) is a whole number from 1. Received: ${count}.`,
    );
  }
  if (!augmentation.mixes) return { augmentation, count };
  throw new SignetError(
    'INVALID_ARGUMENT',
    'featureViews (--feature-views) augments each image by itself; MixUp (mixup) and CutMix (cutmix) mix the images of a batch. Leave one of them out.',
  );
}

/** Ends a training that was stopped while features were computed, before a step, as TF.js ends one that was stopped after a step. */
async function untilStopped<T extends tf.TensorContainer>(
  running: RunningTraining<T>,
  model: tf.LayersModel,
  train: () => Promise<tf.History>,
): Promise<tf.History> {
  try {
    return await train();
  } catch (error) {
    if (!(error instanceof StoppedBeforeStep)) throw error;
    await running.end();
    return model.history;
  }
}

/** What takes part in a training in addition to its data. */
interface TrainingParts {
  readonly callbacks: readonly CallbackLike[];
  /** Null where steps run op by op. */
  readonly compiled: TrainSteps | null;
  /** Null where the optimizer keeps none. */
  readonly averages: AveragedWeights | null;
  readonly stop: StopPoint;
}

/** Lets a training read features instead of images, if there are any. */
function runningTraining<T extends tf.TensorContainer>(
  dataset: tf.data.Dataset<T>,
  args: Omit<tf.ModelFitDatasetArgs<T>, 'callbacks' | 'classWeight'>,
  features: FeaturesOnce | null,
  { callbacks, compiled, averages, stop }: TrainingParts,
): RunningTraining<T> {
  if (!features) return new RunningTraining(dataset, args, callbacks, compiled, averages, stop);
  const made = features.datasets();
  // Batches of features work like any others, but TF.js's typings distinguish datasets by their content.
  const validation =
    made.validationData === undefined ? {} : { validationData: made.validationData as tf.data.Dataset<T> };
  return new RunningTraining(made.dataset as unknown as tf.data.Dataset<T>, { ...args, ...validation }, callbacks, compiled, averages, stop); // prettier-ignore
}

function stepsOn({ train, test }: TrainSteps, features: FeaturesOnce | null): Steps {
  return features ? { train: features.takingImages(train), test: features.takingImages(test) } : { train, test };
}

/**
 * Gives an ImageDataset the size of images that a model takes, and an ImageClassifierModel's preprocessing; other data and other models are left
 * alone.
 *
 * @throws SignetError `INVALID_ARGUMENT` that names both when the dataset was made with another size or other preprocessing.
 */
export function fitDatasetTo(
  dataset: unknown,
  model: tf.LayersModel & { readonly preprocessing?: Preprocessing },
): void {
  const { inputs, preprocessing } = model;
  const [, height, width] = inputs.length === 1 ? (inputs[0]?.shape ?? []) : [];
  if (dataset instanceof ImageDataset && height && width) dataset.fitTo([height, width], preprocessing);
}

/** Writes a note to standard error. */
export function writeNote(note: string): void {
  tell(note);
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

/** The maximum number of steps; undefined if the dataset does not know its size. */
function stepCount<T extends tf.TensorContainer>(
  { size }: tf.data.Dataset<T>,
  { epochs, initialEpoch = 0, batchesPerEpoch = size }: FitOptions<T>,
): number | undefined {
  const steps = batchesPerEpoch * (epochs - initialEpoch);
  return Number.isFinite(steps) && steps > 0 ? steps : undefined;
}
