import * as tf from '../loading/library.js';

import { fusedBatchNorm } from './fused-batch-norm.js';
import { gradientDepth, isTakingGradient } from './gradient-depth.js';
import { replaced } from './replaced.js';

/** TF.js's layer of batch normalization, as far as its call is mended here; its class is not exported. */
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

/** Layers of `keepInInferenceMode`. TF.js's layers have no room for it: they would write an option of ours into a model's configuration. */
const inInferenceMode = new WeakSet<object>();

/**
 * Keeps a layer of batch normalization in inference mode while it is trained: it normalizes with its moving averages and does not change
 * them, while its `gamma` and `beta` are trained. Keras does so with a backbone that is called with `training=False`.
 */
export function keepInInferenceMode(layer: tf.layers.Layer): void {
  inInferenceMode.add(layer);
}

/**
 * Gives batch normalization three things that Keras's has and that of TF.js 4.22 lacks:
 *
 * - A layer that is not trainable stays in inference mode: it normalizes with its moving averages and does not change them. Source:
 *   keras/src/layers/normalization/batch_normalization.py, `if training and self.trainable`. So does a layer of `keepInInferenceMode`.
 * - A layer without `scale` or without `center` can be trained: TF.js reads the missing weight, and so does its gradient.
 * - A batch of images is normalized by TensorFlow's fused op while it trains: ResNet50V2's training step has a third as many ops.
 *
 * And in inference mode it leaves out the reshape that TF.js puts behind the fused op: without it TensorFlow computes a convolution, its batch
 * normalization and the activation after it as one.
 */
replaced(Object.getPrototypeOf(tf.layers.batchNormalization()) as BatchNormalization, 'call', (original) => {
  return function (inputs, kwargs) {
    const training = this.trainable && kwargs.training === true && !inInferenceMode.has(this);
    const [input = inputs as tf.Tensor] = Array.isArray(inputs) ? inputs : [inputs];
    const call = () => {
      if (!isOfImages(this, input)) return original.call(this, inputs, { ...kwargs, training });
      if (!training) return infer(this, input);
      // The fused gradient has no gradient itself.
      return gradientDepth() < 2 ? trainFused(this, input) : original.call(this, inputs, { ...kwargs, training });
    };
    const hasBoth = Boolean(this.gamma && this.beta);
    return hasBoth || !(training || isTakingGradient()) ? call() : withBothWeights(this, input, call);
  };
});

/** Lends the layer the weights that it lacks, ones and zeros, while it is called. */
function withBothWeights(layer: BatchNormalization, input: tf.Tensor, call: () => tf.Tensor): tf.Tensor {
  const { gamma, beta } = layer;
  return tf.tidy(() => {
    const channels = input.shape.at(layer.axis) ?? 1;
    layer.gamma ??= { read: () => tf.ones([channels]) };
    layer.beta ??= { read: () => tf.zeros([channels]) };
    try {
      return call();
    } finally {
      Object.assign(layer, { gamma, beta });
    }
  });
}

/** Whether the layer normalizes images with their channels last. */
function isOfImages({ axis }: BatchNormalization, input: tf.Tensor): boolean {
  return input.rank === 4 && (axis === -1 || axis === 3) && input.dtype === 'float32';
}

/** Normalizes by the moving averages, as `tf.batchNorm` without its reshape. */
function infer({ gamma, beta, epsilon, movingMean, movingVariance }: BatchNormalization, x: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const weights = { ...(gamma && { scale: gamma.read() }), ...(beta && { offset: beta.read() }) };
    const inputs = { x, mean: movingMean.read(), variance: movingVariance.read(), ...weights };
    return tf.engine().runKernel<tf.Tensor>(tf.FusedBatchNorm, inputs, { varianceEpsilon: epsilon });
  });
}

/** Does what the layer itself does: normalizes by the batch, and moves the moving averages. */
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
