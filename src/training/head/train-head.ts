import type { ImageDataset } from '../../data/dataset/image-dataset.js';
import { SignetError } from '../../errors.js';
import { variablesOf } from '../../tensorflow/layer-weights.js';
import type { PrecisionChoice } from '../../tensorflow/precision.js';
import * as tf from '../../tensorflow/tf.js';
import { choosePrecision } from '../choose-precision.js';
import type { ClassWeight } from '../class-weight.js';
import type { FeatureDataset } from '../features/feature-dataset.js';
import { StoppedBeforeStep } from '../features/feature-source.js';
import { FeaturesOnce } from '../features/features-once.js';
import { findFrozenPrefix } from '../features/frozen-prefix.js';
import { fitDatasetTo, writeNote } from '../fit.js';
import { type CollectedFeatures, collectFeatures, joined } from './feature-batches.js';
import { type HeadSamples, sampleHead } from './head-samples.js';
import { type HeadScore, type LinearHead, LogisticRegression, scoreHead } from './logistic-regression.js';

/** Options of `trainHead`. */
export interface TrainHeadOptions {
  /** Images used to choose the strength. */
  readonly validationData: ImageDataset;
  /** Strengths of the regularization that are tried. Default: 0.3, 0.1, 0.03, 0.01 and 0.003. */
  readonly strengths?: readonly number[];
  /** Weight of each class in the loss, by label. Default: all count 1. */
  readonly classWeight?: ClassWeight;
  /** Share of each label that is spread over all classes in the losses that are reported. Default: 0. */
  readonly labelSmoothing?: number;
  /** Whether the head is trained again on the images of both datasets once its strength is chosen. Default: false. */
  readonly refit?: boolean;
  /** Numbers that features are computed with, as for `fit`. Default: `float32`. */
  readonly precision?: PrecisionChoice | undefined;
  /** Called with sentences about what is computed. Default: writes them to standard error. */
  readonly onNote?: (note: string) => void;
}

/** Result of `trainHead`. */
export interface TrainedHead {
  /** The chosen strength. */
  readonly strength: number;
  /** All strengths that were tried. */
  readonly tried: readonly number[];
  /** Scores of the head with the chosen strength, trained on the first dataset alone. */
  readonly train: HeadScore;
  /** Scores of the same head on the second dataset, which was used to choose the strength. */
  readonly validation: HeadScore;
  /** Images per second while features were computed, of both datasets. */
  readonly imagesPerSecond: number;
  /** Results of that head, trained on the first dataset only. */
  readonly samples: HeadSamples;
}

const defaultStrengths = [0.3, 0.1, 0.03, 0.01, 0.003] as const;

/**
 * Trains the last layer of a classifier, and nothing else: features of all images are computed once, and the layer is solved for as a logistic
 * regression with L2 regularization, whose strength is the one with the least loss on the validation. On a few thousand images the solving
 * takes seconds. The model need not be compiled.
 *
 * @param model Ends with a dense layer of logits on features that are one vector per image, as models with a backbone do.
 * @throws SignetError `INVALID_ARGUMENT` for another model, `BAD_IMAGE`.
 * @throws StoppedBeforeStep once `model.stopTraining` is true; then the model is unchanged.
 * @example
 * ```ts
 * const model = await EfficientNetLiteModel.pretrained({ classNames });
 * const { strength, validation } = await trainHead(model, train, { validationData });
 * ```
 */
export async function trainHead(
  model: tf.LayersModel,
  dataset: ImageDataset,
  options: TrainHeadOptions,
): Promise<TrainedHead> {
  const { validationData, precision: asked = 'float32', onNote = writeNote } = options;
  fitDatasetTo(dataset, model);
  fitDatasetTo(validationData, model);
  const layer = headOf(model);
  return withOnlyTrained(model, layer, async () => {
    const precision = findFrozenPrefix(model) ? await choosePrecision(model, asked, onNote) : 'float32';
    const found = FeaturesOnce.find(model, { dataset, validationData, views: null, precision, onNote });
    if (found?.prefix.shape.length !== 1) throw notAHead(model, 'features that are one vector per image');
    try {
      return await trainOnFeatures(model, layer, found, { dataset, ...options });
    } finally {
      found.dispose();
    }
  });
}

async function trainOnFeatures(
  model: tf.LayersModel,
  layer: tf.layers.Layer,
  found: FeaturesOnce,
  options: TrainHeadOptions & { readonly dataset: ImageDataset },
): Promise<TrainedHead> {
  const made = found.datasets();
  const [features = 0] = found.prefix.shape;
  const bytes = options.dataset.cacheMebibytes * 2 ** 20;
  const trained = await collectFeatures(made.dataset, features, bytes);
  try {
    // Given as an ImageDataset, the validation has features as well.
    const held = await collectFeatures(made.validationData as FeatureDataset, features, bytes);
    try {
      // The first pass over the images to train on computes the features of the validation too.
      const imagesPerSecond = (trained.images + held.images) / (trained.seconds + held.seconds);
      return { ...(await solve(model, layer, { trained, held }, options)), imagesPerSecond };
    } finally {
      held.dispose();
    }
  } finally {
    trained.dispose();
  }
}

interface Parts {
  readonly trained: CollectedFeatures;
  readonly held: CollectedFeatures;
}

async function solve(
  model: tf.LayersModel,
  layer: tf.layers.Layer,
  { trained, held }: Parts,
  { strengths = defaultStrengths, classWeight = {}, labelSmoothing = 0, refit = false }: TrainHeadOptions,
): Promise<Omit<TrainedHead, 'imagesPerSecond'>> {
  const isStopped = () => model.stopTraining;
  const [, kernel] = variablesOf(layer.weights).map(({ shape }) => shape);
  const classes = kernel?.[0] ?? 0;
  const regression = await LogisticRegression.of(trained, classes, classWeight);
  let best: { strength: number; head: LinearHead; loss: number } | null = null;
  // From strong to weak, so that each starts near its solution.
  for (const strength of [...strengths].sort((a, b) => b - a)) {
    const head = await regression.solve(strength, { isStopped });
    if (isStopped()) throw new StoppedBeforeStep('the training should stop');
    const { loss } = await scoreHead(held, head);
    if (!best || loss < best.loss) best = { strength, head, loss };
  }
  if (!best) throw new SignetError('INVALID_ARGUMENT', 'strengths has at least one number. Received: none.');
  const { strength, head } = best;
  const scores = {
    train: await scoreHead(trained, head, labelSmoothing),
    validation: await scoreHead(held, head, labelSmoothing),
  };
  const samples = await sampleHead(trained, held, head);
  const final = refit ? await solveOnAll({ trained, held }, classes, classWeight, strength, isStopped) : head;
  assign(layer, final);
  return { strength, tried: strengths, ...scores, samples };
}

async function solveOnAll(
  { trained, held }: Parts,
  classes: number,
  classWeight: ClassWeight,
  strength: number,
  isStopped: () => boolean,
): Promise<LinearHead> {
  const regression = await LogisticRegression.of(joined(trained, held), classes, classWeight);
  const head = await regression.solve(strength, { isStopped });
  if (isStopped()) throw new StoppedBeforeStep('the training should stop');
  return head;
}

function assign(layer: tf.layers.Layer, { kernel, bias }: LinearHead): void {
  tf.tidy(() => layer.setWeights([tf.tensor2d(kernel, [kernel.length / bias.length, bias.length]), tf.tensor1d(bias)]));
}

/** The last layer. @throws SignetError `INVALID_ARGUMENT` unless it is a dense one of logits. */
function headOf(model: tf.LayersModel): tf.layers.Layer {
  const [output] = model.outputs;
  const layer = output?.sourceLayer;
  const config = layer?.getConfig();
  if (layer?.getClassName() === 'Dense' && layer.weights.length === 2 && config?.activation === 'linear') return layer;
  throw notAHead(model, 'a dense layer of logits, with a bias and without an activation, at its end');
}

function notAHead(model: tf.LayersModel, expected: string): SignetError {
  const { name } = model.constructor;
  return new SignetError(
    'INVALID_ARGUMENT',
    `trainHead takes a model with ${expected}, as models with a backbone have. Received: ${name}.`,
  );
}

/** Runs `run` while one layer of the model is the only one that is trained. */
async function withOnlyTrained<T>(model: tf.LayersModel, layer: tf.layers.Layer, run: () => Promise<T>): Promise<T> {
  const before = model.layers.map(({ trainable }) => trainable);
  model.layers.forEach((each) => (each.trainable = each === layer));
  try {
    return await run();
  } finally {
    model.layers.forEach((each, i) => (each.trainable = before[i] ?? true));
  }
}
