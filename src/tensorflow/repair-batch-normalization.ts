import * as tf from '@tensorflow/tfjs-node-gpu';

import { isTakingGradient } from './is-taking-gradient.js';

/** What TF.js's layer of batch normalization has, as far as its call is mended here; its class is not exported. */
interface BatchNormalization {
  readonly trainable: boolean;
  readonly axis: number;
  gamma: Weight | null | undefined;
  beta: Weight | null | undefined;
  call: (this: BatchNormalization, inputs: tf.Tensor | tf.Tensor[], kwargs: Record<string, unknown>) => tf.Tensor;
}

interface Weight {
  read(): tf.Tensor;
}

/**
 * Gives batch normalization two things that Keras's has and that of TF.js 4.22 lacks:
 *
 * - A layer that is not trainable stays in inference mode: it normalizes with its moving averages and leaves them alone. Source:
 *   keras/src/layers/normalization/batch_normalization.py, `if training and self.trainable`.
 * - A layer without `scale` or without `center` can be trained: TF.js reads the missing weight, and so does its gradient.
 */
function repairBatchNormalization(): void {
  const prototype = Object.getPrototypeOf(tf.layers.batchNormalization()) as BatchNormalization;
  const original = prototype.call;
  prototype.call = function (inputs, kwargs) {
    const training = this.trainable && kwargs.training === true;
    const { gamma, beta } = this;
    const call = () => original.call(this, inputs, { ...kwargs, training });
    if ((gamma && beta) || !(training || isTakingGradient())) return call();
    return tf.tidy(() => {
      const [input = inputs as tf.Tensor] = Array.isArray(inputs) ? inputs : [inputs];
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

repairBatchNormalization();
