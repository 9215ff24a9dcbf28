import { checkNumber, SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';

/** Options that keep gradients from becoming too large; set at most one. From `keras.optimizers.Optimizer`. */
export interface ClipOptions {
  /**
   * Largest L2 norm of the gradient of each variable, above 0; a larger gradient is scaled down to it.
   *
   * @defaultValue no limit
   */
  readonly clipnorm?: number;
  /**
   * Largest L2 norm of the gradients of all variables together, above 0; they are scaled down together.
   *
   * @defaultValue no limit
   */
  readonly globalClipnorm?: number;
  /**
   * Largest absolute value of each element of a gradient, above 0; larger elements are cut to it.
   *
   * @defaultValue no limit
   */
  readonly clipvalue?: number;
}

/** @throws SignetError `INVALID_ARGUMENT` for a limit that is not above 0, and for more than one limit. */
export function checkClipOptions(options: ClipOptions): void {
  const { clipnorm, globalClipnorm, clipvalue } = options;
  const given = Object.entries({ clipnorm, globalClipnorm, clipvalue }).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) checkNumber(name, value ?? NaN, 'more than 0', (limit) => limit > 0);
  if (given.length <= 1) return;
  throw new SignetError(
    'INVALID_ARGUMENT',
    'Only one of clipnorm, clipvalue and globalClipnorm can be set. ' +
      `Received: ${given.map(([name, value]) => `${name}=${value}`).join(', ')}.`,
  );
}

/** Returns the gradients of all variables of a step, clipped as the options say. */
export function clipGradients(gradients: readonly tf.Tensor[], options: ClipOptions): readonly tf.Tensor[] {
  const { clipnorm, globalClipnorm, clipvalue } = options;
  if (clipnorm !== undefined) return gradients.map((gradient) => clippedByNorm(gradient, clipnorm));
  if (globalClipnorm !== undefined) return clippedByGlobalNorm(gradients, globalClipnorm);
  if (clipvalue !== undefined) return gradients.map((gradient) => tf.clipByValue(gradient, -clipvalue, clipvalue));
  return gradients;
}

/** Source: `tf.clip_by_norm` in tensorflow/python/ops/clip_ops.py. */
function clippedByNorm(gradient: tf.Tensor, limit: number): tf.Tensor {
  const norm = tf.sqrt(tf.sum(tf.square(gradient)));
  return tf.div(tf.mul(gradient, limit), tf.maximum(norm, limit));
}

/** A norm that is infinite or NaN makes every gradient NaN, as in Keras. Source: `clip_by_global_norm` of base_optimizer.py. */
function clippedByGlobalNorm(gradients: readonly tf.Tensor[], limit: number): tf.Tensor[] {
  const norm = tf.sqrt(tf.addN(gradients.map((gradient) => tf.sum(tf.square(gradient)))));
  const scale = tf.mul(tf.minimum(tf.div(1, norm), 1 / limit), limit);
  const scaleOrNaN = tf.add(scale, tf.sub(norm, norm));
  return gradients.map((gradient) => tf.mul(gradient, scaleOrNaN));
}
