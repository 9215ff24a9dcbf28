import * as tf from '../tensorflow/tf.js';

/**
 * Sparse categorical cross-entropy from logits: `-log softmax(logits)[label]`, an image each.
 *
 * @param labels int32 [n]
 * @param logits float32 [n, classes]
 * @returns float32 [n], in nats
 */
export function sparseCategoricalCrossentropy(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const classes = logits.shape.at(-1) ?? 0;
    const oneHot = tf.cast(tf.oneHot(tf.cast(labels, 'int32'), classes), 'float32');
    return tf.neg(tf.sum(tf.mul(oneHot, tf.logSoftmax(logits)), -1));
  });
}

/** Whether the largest logit is the label's: float32 [n], 0 or 1. TF.js calls a metric by its function's name. */
export function accuracy(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.cast(tf.equal(tf.argMax(logits, -1), tf.cast(labels, 'int32')), 'float32'));
}
