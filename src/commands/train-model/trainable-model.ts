import { existsSync } from 'node:fs';
import path from 'node:path';

import { readClassNames } from '../../models/classifier/read-class-names.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import { loadKerasWeights, otherHeads } from '../../models/keras/load-keras-weights.js';
import { wantedFor } from '../../models/load-pretrained.js';
import { makeModel } from '../../models/make-model.js';
import { findModelType, type ModelType, modelTypes } from '../../models/model-types.js';
import { completePreprocessing } from '../../ops/fit-images.js';
import * as tf from '../../tensorflow/tf.js';
import type { Augmentation } from '../../training/augmentation/augmentation.js';
import { accuracy, BinaryCrossentropy, type Loss, SparseCategoricalCrossentropy } from '../../training/losses.js';
import { layerDecay } from '../../training/optimizers/layer-decay.js';
import { type OptimizerName, optimizersByName } from '../../training/optimizers/by-name.js';
import type { Optimizer } from '../../training/optimizers/optimizer.js';
import { scheduledLearningRate } from '../../training/schedules/by-name.js';
import { backboneOptions, checkBackboneOptions } from '../shared/backbone-options.js';
import { noteMissingHeatmap } from '../shared/note-missing-heatmap.js';
import { downloadNamedWeights, namedWeights } from '../shared/download-named-weights.js';
import { parseAugmentation } from '../shared/parse-augmentation.js';
import type { TrainModelOptions } from './train-model-options.js';
import type { TrainingSet } from './training-data.js';
import { tell } from '../../text/tell.js';

/** The class that the flags name. @throws SignetError `INVALID_ARGUMENT`, also for flags that this class does not take. */
export async function findTrainableType(options: TrainModelOptions): Promise<ModelType> {
  const Model = await findModelType(options.modelType);
  checkBackboneOptions(Model, options);
  return Model;
}

/**
 * Makes the model that the flags ask for, compiled with their optimizer and loss.
 *
 * @param isFresh Whether its first weights count; false where a kept state will replace them. Default: true.
 * @throws SignetError as `startFromWeights`; `INVALID_ARGUMENT` when the class does not take its options.
 */
export async function makeTrainable(
  Model: ModelType,
  set: TrainingSet,
  options: TrainModelOptions,
  isFresh = true,
): Promise<ImageClassifierModel> {
  const { pretrainedWeights } = options;
  const model = makeFromFlags(Model, set, options);
  try {
    const isRandom = pretrainedWeights === undefined || pretrainedWeights === 'none';
    if (isFresh && !isRandom) await startFromWeights(model, pretrainedWeights);
    compileClassifier(model, options, set.stepsPerEpoch);
    noteMissingHeatmap(model);
    if (!Object.hasOwn(modelTypes, options.modelType)) checkExport(model);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/**
 * Traces the functions that will be saved: what cannot be exported is refused now, not after an epoch. Saving traces them no more.
 *
 * @throws SignetError `NOT_TRACEABLE`.
 */
function checkExport(model: ImageClassifierModel): void {
  model.traceFunctions();
  if (model.embedImage !== null) return;
  const { name } = model.constructor;
  tell(`note: ${name} is saved without serving_embedding: no single layer with weights gives its logits`);
}

/** Makes the augmentation that `--augment` asks for; undefined for none. */
export function augmentationFor(
  { imageSize }: ImageClassifierModel,
  { augment, seed }: TrainModelOptions,
): Augmentation | undefined {
  return augment === undefined ? undefined : parseAugmentation(augment, { imageSize, seed });
}

/**
 * Gives a model the weights that `--pretrained-weights` names: those of a file or a SavedModel, or published ones by name, from the
 * cache or downloaded into it. Reports on standard error what it loaded.
 *
 * The head of a SavedModel with other classes is left out.
 *
 * @throws SignetError `INVALID_WEIGHTS`, `INVALID_SAVED_MODEL`, `INVALID_ARGUMENT`, `OFFLINE`, `DOWNLOAD_FAILED`, `CANNOT_WRITE`.
 */
export async function startFromWeights(model: ImageClassifierModel, pathOrName: string): Promise<void> {
  const from = namedWeights.includes(pathOrName)
    ? await downloadNamedWeights(wantedFor(model, pathOrName))
    : pathOrName;
  const ignore = [...otherHeads(model), ...((await hasOtherClasses(model, from)) ? ['logits'] : [])];
  const { loaded, kept, leftAside } = await loadKerasWeights(model, from, { ignore });
  const random = kept.length === 0 ? '' : `; ${kept.join(', ')} starts from random weights`;
  const others = leftAside.length === 0 ? '' : `; not used: ${leftAside.join(', ')}`;
  tell(`${from}: weights of ${loaded.length} layers${random}${others}`);
}

/** The class's name; where a part is frozen, with how many of its parameters are trained. */
export function trainedPart(model: ImageClassifierModel): string {
  const count = (weights: tf.LayersModel['weights']) =>
    weights.reduce((sum, { shape }) => sum + tf.util.sizeFromShape(shape as number[]), 0);
  const { name } = model.constructor;
  if (model.layers.every(({ trainable, weights }) => trainable || weights.length === 0)) return name;
  const [trained, all] = [model.trainableWeights, model.weights].map((weights) => count(weights).toLocaleString('en'));
  return `${trained} of ${all} parameters of ${name}`;
}

function makeFromFlags(
  Model: ModelType,
  { classNames, isMultiLabel: multiLabel }: TrainingSet,
  options: TrainModelOptions,
): ImageClassifierModel {
  const { seed, inputHeight, inputWidth, withHeatmap } = options;
  const given = { classNames, multiLabel, withHeatmap, seed, inputHeight, inputWidth };
  return makeModel(Model, { ...given, ...completePreprocessing(options), ...backboneOptions(options) });
}

/** Compiles a model with the optimizer and the loss that the flags ask for. */
export function compileClassifier(
  model: ImageClassifierModel,
  options: TrainModelOptions,
  stepsPerEpoch: number,
): void {
  const { learningRate, numEpochs } = options;
  model.compile({
    optimizer: makeOptimizer(options, { learningRate, numEpochs, stepsPerEpoch }, multiplierFor(model, options)),
    loss: makeLoss(model, options),
    metrics: [accuracy],
  });
}

function multiplierFor(model: ImageClassifierModel, { layerDecay: decay }: TrainModelOptions) {
  return decay === undefined ? undefined : layerDecay(model, decay);
}

/** The options of `train-model` that say how the loss is made small. */
export type OptimizationOptions = Pick<
  TrainModelOptions,
  | 'optimizer'
  | 'momentum'
  | 'learningRateSchedule'
  | 'warmupEpochs'
  | 'weightDecay'
  | 'clipNorm'
  | 'gradientAccumulationSteps'
  | 'labelSmoothing'
  | 'useEma'
  | 'emaMomentum'
>;

/** The length of a training, at most. */
export interface TrainingLength {
  readonly learningRate: number;
  readonly numEpochs: number;
  readonly stepsPerEpoch: number;
}

/** Makes the optimizer that the options name, with their learning rate over the training. */
export function makeOptimizer(
  options: OptimizationOptions,
  { learningRate, numEpochs, stepsPerEpoch }: TrainingLength,
  learningRateMultiplier?: (variable: string) => number,
): Optimizer {
  const { momentum, weightDecay, clipNorm, gradientAccumulationSteps, warmupEpochs, useEma, emaMomentum } = options;
  const optimizer: OptimizerName = options.optimizer;
  const steps = numEpochs * stepsPerEpoch;
  const warmupSteps = Math.round(warmupEpochs * stepsPerEpoch);
  return optimizersByName[optimizer]({
    learningRate: scheduledLearningRate(options.learningRateSchedule, learningRate, { steps, warmupSteps }),
    ...(momentum !== undefined && { momentum }),
    ...(weightDecay !== undefined && { weightDecay }),
    ...(clipNorm !== undefined && { globalClipnorm: clipNorm }),
    ...(gradientAccumulationSteps > 1 && { gradientAccumulationSteps }),
    ...(useEma === true && { useEma }),
    ...(emaMomentum !== undefined && { emaMomentum }),
    ...(learningRateMultiplier && { learningRateMultiplier }),
  });
}

/** Makes a model's cross-entropy, categorical or binary, with the smoothing that was asked for. */
export function makeLoss(
  { multiLabel }: Pick<ImageClassifierModel, 'multiLabel'>,
  { labelSmoothing }: Pick<OptimizationOptions, 'labelSmoothing'>,
): Loss {
  return multiLabel
    ? new BinaryCrossentropy({ labelSmoothing })
    : new SparseCategoricalCrossentropy({ labelSmoothing });
}

async function hasOtherClasses({ classNames }: ImageClassifierModel, directory: string): Promise<boolean> {
  if (!existsSync(path.join(directory, 'assets', 'class_names.txt'))) return false;
  const others = await readClassNames(directory);
  return others.length !== classNames.length || others.some((name, i) => name !== classNames[i]);
}

/** Frees a model that was compiled, and the state of its optimizer. */
export function disposeCompiled(model: ImageClassifierModel): void {
  model.optimizer.dispose();
  model.dispose();
}
