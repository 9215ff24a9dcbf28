import type * as tf from '../../tensorflow/tf.js';

/**
 * The learning rate as a function of the step, computed inside the compiled step; after
 * `keras.optimizers.schedules.LearningRateSchedule`.
 *
 * Any optimizer takes one as its `learningRate`. Its rate cannot be set from outside, as by `ReduceLROnPlateau`.
 */
export abstract class LearningRateSchedule {
  /**
   * @param step float32 scalar: how many steps have been taken, 0 in the first. Its value is known only when the graph runs.
   * @returns float32 scalar.
   */
  abstract call(step: tf.Tensor): tf.Tensor;

  /** What it was made with, by Keras's names. */
  abstract getConfig(): Readonly<Record<string, unknown>>;
}
