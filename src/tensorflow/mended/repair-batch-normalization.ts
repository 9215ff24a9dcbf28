import * as tf from '../loading/library.js';

import { fusedBatchNorm } from './fused-batch-norm.js';
import { staysInInferenceMode } from './inference-mode.js';
import { gradientDepth, isTakingGradient } from './is-taking-gradient.js';

/** What TF.js's layer of batch normalization has, as far as its call is mended here; its class is not exported. */
interface BatchNormalization {
  readonly trainable: boolean;
  readonly axis: number;
  readonly epsilon: number;
  readonly momentum: number;
  readonly movingMean: MovingAverage;
  readonly movingVariance: MovingAverage;
  gamma: Weight | null | undefined;
  beta: Weight | null | undefined;
  call: (this: BatchNormalization, inputs: tf.Tensor | tf.Tensor[], kwargs: Record<string, unknown>) => tf.Tensor;
}

interface Weight {
  read(): tf.Tensor;
}

interface MovingAverage extends Weight {
  write(value: tf.Tensor): void;
}

/**
 * Gives batch normalization three things that Keras's has and that of TF.js 4.22 lacks:
 *
 * - A layer that is not trainable stays in inference mode: it normalizes with its moving averages and leaves them alone. Source:
 *   keras/src/layers/normalization/batch_normalization.py, `if training and self.trainable`. So does one of `keepInInferenceMode`.
 * - A layer without `scale` or without `center` can be trained: TF.js reads the missing weight, and so does its gradient.
 * - A batch of images is normalized by TensorFlow's fused op while it trains: ResNet50V2's training step has a third as many ops.
 */
function repairBatchNormalization(): void {
  const prototype = Object.getPrototypeOf(tf.layers.batchNormalization()) as BatchNormalization;
  const original = prototype.call;
  prototype.call = function (inputs, kwargs) {
    const training = this.trainable && kwargs.training === true && !staysInInferenceMode(this);
    const { gamma, beta } = this;
    const [input = inputs as tf.Tensor] = Array.isArray(inputs) ? inputs : [inputs];
    const call = () =>
      training && isFusable(this, input)
        ? trainFused(this, input)
        : original.call(this, inputs, { ...kwargs, training });
    if ((gamma && beta) || !(training || isTakingGradient())) return call();
    return tf.tidy(() => {
      const channels = input.shape.at(this.axis) ?? 1;
      this.gamma ??= { read: () => tf.ones([channels]) };
      this.beta ??= { read: () => tf.zeros([channels]) };
      try {
        return call();
      } finally {
        Object.assign(this, { gamma, beta });
      }
    });
  };
}

/** Images with their channels last; the fused gradient has no gradient of its own. */
function isFusable({ axis }: BatchNormalization, input: tf.Tensor): boolean {
  return input.rank === 4 && (axis === -1 || axis === 3) && input.dtype === 'float32' && gradientDepth() < 2;
}

/** As the layer does it itself: normalizes by the batch, and moves the moving averages. */
function trainFused(layer: BatchNormalization, input: tf.Tensor): tf.Tensor {
  const { gamma, beta, epsilon, movingMean, movingVariance } = layer;
  if (!gamma || !beta) throw new Error('unreachable: the layer has both, or has been lent them');
  return tf.tidy(() => {
    const { output, mean, variance } = fusedBatchNorm(input, gamma.read(), beta.read(), epsilon);
    const move = (average: MovingAverage, value: tf.Tensor) => {
      const now = average.read();
      average.write(tf.sub(now, tf.mul(tf.sub(now, value), 1 - layer.momentum)));
    };
    move(movingMean, mean);
    move(movingVariance, variance);
    return output;
  });
}

repairBatchNormalization();
