import { withRandomStep } from '../../ops/random-step.js';
import * as tf from '../../tensorflow/tf.js';
import { tensorSpec } from '../../tracing/tensor-spec.js';
import type { Augmentation } from '../augmentation/augmentation.js';
import { checkClassWeight, type ClassWeight } from '../class-weight.js';
import type { Loss } from '../losses.js';
import { mixedLoss } from './mixed-loss.js';
import { Optimizer } from '../optimizers/optimizer.js';

/** A step as TF.js's training loop calls it: inputs and targets in, loss and metrics out. */
export type Step = (data: tf.Tensor[]) => tf.Scalar[];

/** The members of `tf.LayersModel` that make its steps; its typings hide them. */
export interface StepMaker {
  makeTrainFunction(): Step;
  makeTestFunction(): void;
  testFunction: Step | undefined;
  lossFunctions: readonly Loss[];
}

/** How a training step differs from TF.js's own. */
export interface TrainingStepOptions {
  /** How much an image of each class counts in training, by label. */
  readonly classWeight: ClassWeight;
  /** What is done to the images before each step. */
  readonly augmentation: Augmentation | null;
}

/** What follows the targets when images are mixed. */
export const mixSignature = { z_0: tensorSpec('int32', ['batch']), z_1: tensorSpec('float32', ['batch']) };

/**
 * TF.js's own step, with weights for classes; with `mixSignature` after the targets when the augmentation mixes images.
 *
 * @param randomStep What its layers draw by, an int32 scalar. Default: the optimizer's count of steps.
 */
export function trainingStep(
  model: tf.LayersModel,
  { classWeight, augmentation }: TrainingStepOptions,
  randomStep?: tf.Tensor,
): Step {
  const make = augmentation?.mixes === true ? mixedStep : weightedStep;
  return make(model, classWeight, randomStep);
}

/** TF.js's own step, which takes a weight of each image after the targets. */
function weightedStep(model: tf.LayersModel, classWeight: ClassWeight, randomStep?: tf.Tensor): Step {
  const step = drawingStep(model, randomStep);
  const weigh = weightOf(model, classWeight);
  return weigh ? (data) => step([...data, ...data.slice(-1).map(weigh)]) : step;
}

/** TF.js's own step on mixed images: after the targets come the labels of the others, and how much of the images themselves is in them. */
function mixedStep(model: tf.LayersModel, classWeight: ClassWeight, randomStep?: tf.Tensor): Step {
  const step = drawingStep(model, randomStep);
  const weigh = weightOf(model, classWeight);
  const maker = model as unknown as StepMaker;
  return (data) => {
    const [partnerLabels, weights] = data.slice(-2) as [tf.Tensor, tf.Tensor];
    const { lossFunctions } = maker;
    maker.lossFunctions = lossFunctions.map((loss) => mixedLoss(loss, { partnerLabels, weights }, weigh));
    try {
      return step(data.slice(0, -2));
    } finally {
      maker.lossFunctions = lossFunctions;
    }
  };
}

/** How much an image of each label counts; nothing when all count the same. */
function weightOf(model: tf.LayersModel, classWeight: ClassWeight): ((labels: tf.Tensor) => tf.Tensor) | undefined {
  if (Object.keys(classWeight).length === 0) return undefined;
  const classes = checkClassWeight(classWeight, model);
  const weights = Array.from({ length: classes }, (_, label) => classWeight[label] ?? 1);
  return (labels) => tf.tidy(() => tf.gather(tf.tensor1d(weights), tf.cast(labels, 'int32')));
}

/** TF.js's own step, in which layers draw by the optimizer's count of steps: a training that is resumed draws on. */
function drawingStep(model: tf.LayersModel, randomStep?: tf.Tensor): Step {
  return drawing(model, (model as unknown as StepMaker).makeTrainFunction(), randomStep);
}

/** Makes what draws in a step draw by the optimizer's count of steps. */
export function drawing<Result>(
  model: tf.LayersModel,
  step: (data: tf.Tensor[]) => Result,
  randomStep?: tf.Tensor,
): (data: tf.Tensor[]) => Result {
  const optimizer = model.optimizer as unknown;
  // Those of TF.js count in JavaScript, if at all, which a graph does not see.
  const count = randomStep ?? (optimizer instanceof Optimizer ? optimizer.iterationsVariable : null);
  return count === null ? step : (data) => withRandomStep(count, () => step(data));
}

/** TF.js's own test step. */
export function eagerTestStep(model: tf.LayersModel): Step {
  const maker = model as unknown as StepMaker;
  maker.testFunction = undefined;
  maker.makeTestFunction();
  const step = maker.testFunction as Step | undefined;
  if (!step) throw new Error('unreachable: makeTestFunction sets testFunction');
  return step;
}
