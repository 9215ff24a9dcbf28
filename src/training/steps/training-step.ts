import { SignetError } from '../../errors.js';
import { withRandomStep } from '../../ops/random-step.js';
import * as tf from '../../tensorflow/tf.js';
import { type TensorSpec, tensorSpec } from '../../tracing/tensor-spec.js';
import type { Augmentation } from '../augmentation/augmentation.js';
import { checkClassWeight, type ClassWeight } from '../class-weight.js';
import { binaryCrossentropy, binarySmoothingOf, type Loss } from '../losses.js';
import { Optimizer } from '../optimizers/optimizer.js';
import { labelSizesOf, type Step, stepOf, withLosses } from '../tfjs-step.js';
import { mixedLoss } from './mixed-loss.js';

/** Options of a training step in addition to TF.js's own. */
export interface TrainingStepOptions {
  /** Weight of each class's images in training, by label. */
  readonly classWeight: ClassWeight;
  /** Changes to the images before each step. */
  readonly augmentation: Augmentation | null;
}

/** Describes the inputs that follow the targets when images are mixed. */
export function mixSignature(model: tf.LayersModel): Record<string, TensorSpec> {
  return { z_0: tensorSpec('int32', ['batch', ...labelSizesOf(model)]), z_1: tensorSpec('float32', ['batch']) };
}

/**
 * Makes TF.js's own step with weights for classes; it takes `mixSignature` after the targets if the augmentation mixes images.
 *
 * @param randomStep Seeds what its layers draw at random, an int32 scalar. Default: the optimizer's count of steps.
 */
export function trainingStep(
  model: tf.LayersModel,
  { classWeight, augmentation }: TrainingStepOptions,
  randomStep?: tf.Tensor,
): Step {
  const make = augmentation?.mixes === true ? mixedStep : weightedStep;
  return make(model, classWeight, randomStep);
}

/** Makes TF.js's own step with a weight for each image after the targets. */
function weightedStep(model: tf.LayersModel, classWeight: ClassWeight, randomStep?: tf.Tensor): Step {
  const step = drawingStep(model, randomStep);
  const weighed = positivesWeighed(model, classWeight);
  if (weighed) return (data) => withLosses(model, weighed, () => step(data));
  const weigh = weightOf(model, classWeight);
  return weigh ? (data) => step([...data, ...data.slice(-1).map(weigh)]) : step;
}

/** Makes TF.js's own step on mixed images: the targets are followed by the partners' labels and the share of the image itself in each. */
function mixedStep(model: tf.LayersModel, classWeight: ClassWeight, randomStep?: tf.Tensor): Step {
  const step = drawingStep(model, randomStep);
  const weighed = positivesWeighed(model, classWeight);
  const weigh = weighed ? undefined : weightOf(model, classWeight);
  return (data) => {
    const [partnerLabels, weights] = data.slice(-2) as [tf.Tensor, tf.Tensor];
    return withLosses(
      model,
      (loss) => mixedLoss(weighed ? weighed(loss) : loss, { partnerLabels, weights }, weigh),
      () => step(data.slice(0, -2)),
    );
  };
}

/** Returns a change of the loss that weighs the classes that images have; nothing where an image has one class, or if all count the same. */
function positivesWeighed(model: tf.LayersModel, classWeight: ClassWeight): ((loss: Loss) => Loss) | undefined {
  if (Object.keys(classWeight).length === 0 || labelSizesOf(model).length === 0) return undefined;
  const classes = checkClassWeight(classWeight, model);
  const weights = Array.from({ length: classes }, (_, label) => classWeight[label] ?? 1);
  return (loss) => {
    const smoothing = binarySmoothingOf(loss);
    if (smoothing === null) throw ofOtherLoss();
    return (labels, logits) => binaryCrossentropy(labels, logits, smoothing, weights);
  };
}

function ofOtherLoss(): SignetError {
  return new SignetError(
    'INVALID_ARGUMENT',
    'classWeight, where an image may have several classes, is a part of BinaryCrossentropy. Compile the model with it, or leave classWeight out.',
  );
}

/** Returns the weights of images by their labels; undefined if all count the same. */
function weightOf(model: tf.LayersModel, classWeight: ClassWeight): ((labels: tf.Tensor) => tf.Tensor) | undefined {
  if (Object.keys(classWeight).length === 0) return undefined;
  const classes = checkClassWeight(classWeight, model);
  const weights = Array.from({ length: classes }, (_, label) => classWeight[label] ?? 1);
  return (labels) => tf.tidy(() => tf.gather(tf.tensor1d(weights), tf.cast(labels, 'int32')));
}

/** Makes TF.js's own step. Layers draw by the optimizer's step count, so that a resumed training continues with the next draws. */
function drawingStep(model: tf.LayersModel, randomStep?: tf.Tensor): Step {
  return drawing(model, stepOf(model), randomStep);
}

/** Seeds what a step draws at random with the optimizer's count of steps. */
export function drawing<Result>(
  model: tf.LayersModel,
  step: (data: tf.Tensor[]) => Result,
  randomStep?: tf.Tensor,
): (data: tf.Tensor[]) => Result {
  const optimizer = model.optimizer as unknown;
  // TF.js's optimizers count in JavaScript, if at all, which a graph does not see.
  const count = randomStep ?? (optimizer instanceof Optimizer ? optimizer.iterationsVariable : null);
  return count === null ? step : (data) => withRandomStep(count, () => step(data));
}
