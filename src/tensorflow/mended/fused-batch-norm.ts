import * as tf from '../loading/library.js';

import { backend, type BindingAttribute } from '../backend.js';
import { attribute } from '../run-op.js';

/** A normalized batch, and the statistics by which it was normalized. */
export interface NormalizedBatch {
  /** float32 [n, height, width, channels]. */
  readonly output: tf.Tensor;
  /** float32 [channels]. */
  readonly mean: tf.Tensor;
  /** float32 [channels], of the batch itself: the sum of squares by n, not by n - 1. */
  readonly variance: tf.Tensor;
}

/**
 * Batch normalization of a training step by TensorFlow's one op for it, and its gradient by another. TF.js composes both of some sixty,
 * each a pass over the whole input.
 *
 * The gradient has no gradient of its own, so the caller must take care of second derivatives.
 *
 * @param input float32 [n, height, width, channels].
 * @param gamma float32 [channels], and so is `beta`.
 */
export function fusedBatchNorm(input: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number): NormalizedBatch {
  const attributes = attributesFor(epsilon);
  const statistics: tf.Tensor[] = [];
  const normalize = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [x, scale, offset, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const none = tf.tensor1d([]);
    const [output = x, mean = x, variance = x, ...reserved] = backend.executeMultipleOutputs(
      'FusedBatchNormV3',
      [...attributes, attribute.float('exponential_avg_factor', 1)],
      [x, scale, offset, none, none],
      6,
    );
    // The caller gets them from here: TF.js keeps only the value.
    statistics.push(tf.keep(mean), tf.keep(variance));
    save([x, scale, ...reserved]);
    return { value: output, gradFunc: (dy, saved) => gradients(attributes, dy, saved) };
  });
  return tf.tidy(() => {
    const output = normalize(input, gamma, beta);
    const [mean = output, variance = output] = statistics.map((each) => tf.clone(each));
    tf.dispose(statistics);
    return { output, mean, variance: tf.mul(variance, biased(input)) };
  });
}

function gradients(attributes: BindingAttribute[], dy: tf.Tensor, [x, scale, ...reserved]: tf.Tensor[]): tf.Tensor[] {
  if (!x || !scale) throw new Error('unreachable: they were saved');
  const inputs = [dy, x, scale, ...reserved];
  return backend.executeMultipleOutputs('FusedBatchNormGradV3', attributes, inputs, 5).slice(0, 3);
}

/** (n - 1) / n: the op returns an estimate of the variance over all images, n / (n - 1) times the batch's. */
function biased(input: tf.Tensor): tf.Tensor {
  const size = backend.executeSingleOutput(
    'Size',
    [attribute.type('T', 'float32'), attribute.type('out_type', 'int32')],
    [input],
  );
  return tf.sub(1, tf.div(tf.scalar(input.shape.at(-1) ?? 1), tf.cast(size, 'float32')));
}

function attributesFor(epsilon: number): BindingAttribute[] {
  return [
    attribute.type('T', 'float32'),
    attribute.type('U', 'float32'),
    attribute.float('epsilon', epsilon),
    attribute.string('data_format', 'NHWC'),
    attribute.bool('is_training', true),
  ];
}
