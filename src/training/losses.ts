import * as tf from '../tensorflow/tf.js';
import { checkNumber } from '../errors.js';

/**
 * A loss as TF.js calls it: integer labels and the model's predictions for n images in, float32 [n] out. The labels are positions of classes,
 * [n], or where an image may have several, 0 and 1 for each class, [n, classes].
 */
export type Loss = (labels: tf.Tensor, predictions: tf.Tensor) => tf.Tensor;

/**
 * Computes the sparse categorical cross-entropy from logits: `-log softmax(logits)[label]` per image.
 *
 * It can be passed to `model.compile` as it is; use the class `SparseCategoricalCrossentropy` to set an option.
 *
 * Source of the smoothing: Szegedy et al., https://arxiv.org/abs/1512.00567, section 7, as in Keras's `CategoricalCrossentropy`.
 *
 * @param labels int32 [n]
 * @param logits float32 [n, classes]
 * @param labelSmoothing Part of each label that is spread evenly over all classes, from 0 to 1. Default: 0.
 * @returns float32 [n], in nats
 */
export function sparseCategoricalCrossentropy(labels: tf.Tensor, logits: tf.Tensor, labelSmoothing = 0): tf.Tensor {
  return tf.tidy(() => {
    const classes = logits.shape.at(-1) ?? 0;
    const oneHot = tf.cast(tf.oneHot(tf.cast(labels, 'int32'), classes), 'float32');
    const smooth = () => tf.add(tf.mul(oneHot, 1 - labelSmoothing), labelSmoothing / classes);
    const target = labelSmoothing === 0 ? oneHot : smooth();
    return tf.neg(tf.sum(tf.mul(target, tf.logSoftmax(logits)), -1));
  });
}

/** Options of `SparseCategoricalCrossentropy`. */
export interface SparseCategoricalCrossentropyOptions {
  /**
   * Part of each label that is spread evenly over all classes, from 0 to 1, so that the model does not become overconfident. With 0.1 and
   * ten classes, the label counts 0.91 and every other class 0.01.
   *
   * @defaultValue 0
   */
  readonly labelSmoothing?: number | undefined;
}

/**
 * Base class whose instances are functions: `model.compile` accepts nothing else as a loss. The cast says what the constructor returns,
 * which TypeScript cannot infer.
 */
const LossFunction = function (loss: Loss) {
  return Object.setPrototypeOf(loss, (new.target as unknown as new () => unknown).prototype as object) as Loss;
} as unknown as new (loss: Loss) => Loss;
Object.setPrototypeOf(LossFunction.prototype, Function.prototype);

/**
 * Sparse categorical cross-entropy from logits with options, after `keras.losses.SparseCategoricalCrossentropy`.
 *
 * @example
 * ```ts
 * model.compile({ optimizer: new Adam(), loss: new SparseCategoricalCrossentropy({ labelSmoothing: 0.1 }) });
 * ```
 */
export class SparseCategoricalCrossentropy extends LossFunction {
  /** Fraction of each label that is spread over all classes, 0 to 1. */
  readonly labelSmoothing: number;

  /** @throws SignetError `INVALID_ARGUMENT` when `labelSmoothing` is not from 0 to 1. */
  constructor({ labelSmoothing = 0 }: SparseCategoricalCrossentropyOptions = {}) {
    checkNumber('labelSmoothing', labelSmoothing, 'from 0 to 1', (value) => value >= 0 && value <= 1);
    super((labels, logits) => sparseCategoricalCrossentropy(labels, logits, labelSmoothing));
    this.labelSmoothing = labelSmoothing;
  }
}

/**
 * Computes the binary cross-entropy from logits, for images that may have several classes or none: of each class by itself, and the mean over
 * the classes.
 *
 * It can be passed to `model.compile` as it is; use the class `BinaryCrossentropy` to set an option.
 *
 * @param labels int32 [n, classes], 1 for each class that an image has, otherwise 0.
 * @param logits float32 [n, classes]
 * @param labelSmoothing Part of each label that is moved to 1/2, from 0 to 1, as in Keras's `BinaryCrossentropy`. Default: 0.
 * @param positiveWeights How much a class counts in images that have it, by position; in the others it counts 1. Default: all count 1.
 * @returns float32 [n], in nats
 */
export function binaryCrossentropy(
  labels: tf.Tensor,
  logits: tf.Tensor,
  labelSmoothing = 0,
  positiveWeights: readonly number[] | null = null,
): tf.Tensor {
  return tf.tidy(() => {
    const given = tf.cast(labels, 'float32');
    const target = labelSmoothing === 0 ? given : tf.add(tf.mul(given, 1 - labelSmoothing), labelSmoothing / 2);
    // -log(sigmoid(x)) is softplus(-x): exact where sigmoid(x) rounds to 0 or 1, and smooth at 0.
    const positive = tf.mul(target, tf.softplus(tf.neg(logits)));
    const weighed = positiveWeights === null ? positive : tf.mul(positive, tf.tensor1d([...positiveWeights]));
    return tf.mean(tf.add(weighed, tf.mul(tf.sub(1, target), tf.softplus(logits))), -1);
  });
}

/** Options of `BinaryCrossentropy`. */
export interface BinaryCrossentropyOptions {
  /**
   * Part of each label that is moved to 1/2, from 0 to 1, so that the model does not become overconfident. With 0.1, a class that an image has counts
   * 0.95, and one that it lacks 0.05.
   *
   * @defaultValue 0
   */
  readonly labelSmoothing?: number | undefined;
}

/**
 * Binary cross-entropy from logits with options, after `keras.losses.BinaryCrossentropy`. A model that is compiled with it takes labels
 * int32 [n, classes], 0 and 1.
 *
 * @example
 * ```ts
 * model.compile({ optimizer: new Adam(), loss: new BinaryCrossentropy({ labelSmoothing: 0.1 }) });
 * ```
 */
export class BinaryCrossentropy extends LossFunction {
  /** Fraction of each label that is moved to 1/2, 0 to 1. */
  readonly labelSmoothing: number;

  /** @throws SignetError `INVALID_ARGUMENT` when `labelSmoothing` is not from 0 to 1. */
  constructor({ labelSmoothing = 0 }: BinaryCrossentropyOptions = {}) {
    checkNumber('labelSmoothing', labelSmoothing, 'from 0 to 1', (value) => value >= 0 && value <= 1);
    super((labels, logits) => binaryCrossentropy(labels, logits, labelSmoothing));
    this.labelSmoothing = labelSmoothing;
  }
}

/** Returns the label smoothing of a binary cross-entropy; null for another loss. */
export function binarySmoothingOf(loss: unknown): number | null {
  if (loss instanceof BinaryCrossentropy) return loss.labelSmoothing;
  return loss === binaryCrossentropy ? 0 : null;
}

/**
 * Computes whether the largest logit is that of the label: float32 [n], 0 or 1. For labels [n, classes] of a multi-label model, returns the share of
 * classes that are right; a class is predicted when its logit is above 0, which is a probability above 1/2. TF.js uses the name of this function as the name of the metric.
 */
export function accuracy(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const truth = tf.cast(labels, 'int32');
    if (labels.rank < 2) return tf.cast(tf.equal(tf.argMax(logits, -1), truth), 'float32');
    const predicted = tf.cast(tf.greater(logits, 0), 'int32');
    return tf.mean(tf.cast(tf.equal(predicted, truth), 'float32'), -1);
  });
}
