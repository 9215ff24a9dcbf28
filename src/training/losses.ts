import * as tf from '../tensorflow/tf.js';

/**
 * Sparse categorical cross-entropy from logits: `-log softmax(logits)[label]`, an image each.
 *
 * Source of the smoothing: Szegedy et al., https://arxiv.org/abs/1512.00567, section 7, as in Keras's `CategoricalCrossentropy`.
 *
 * @example
 * ```ts
 * const loss = (labels: tf.Tensor, logits: tf.Tensor) => sparseCategoricalCrossentropy(labels, logits, 0.1);
 * model.compile({ optimizer: new Adam(), loss });
 * ```
 *
 * @param labels int32 [n]
 * @param logits float32 [n, classes]
 * @param labelSmoothing The part of each label that is spread over all classes, from 0 to 1. Default: 0.
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

/** Whether the largest logit is the label's: float32 [n], 0 or 1. TF.js calls a metric by its function's name. */
export function accuracy(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.cast(tf.equal(tf.argMax(logits, -1), tf.cast(labels, 'int32')), 'float32'));
}
