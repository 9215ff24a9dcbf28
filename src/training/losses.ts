import * as tf from '../tensorflow/tf.js';
import { checkNumber } from '../errors.js';

/** A loss as TF.js calls it: integer labels [n] and the model's predictions for n images in, float32 [n] out. */
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
  readonly labelSmoothing: number;

  /** @throws SignetError `INVALID_ARGUMENT` when `labelSmoothing` is not from 0 to 1. */
  constructor({ labelSmoothing = 0 }: SparseCategoricalCrossentropyOptions = {}) {
    checkNumber('labelSmoothing', labelSmoothing, 'from 0 to 1', (value) => value >= 0 && value <= 1);
    super((labels, logits) => sparseCategoricalCrossentropy(labels, logits, labelSmoothing));
    this.labelSmoothing = labelSmoothing;
  }
}

/** Computes whether the largest logit is the label's: float32 [n], 0 or 1. TF.js names a metric after its function. */
export function accuracy(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.cast(tf.equal(tf.argMax(logits, -1), tf.cast(labels, 'int32')), 'float32'));
}
