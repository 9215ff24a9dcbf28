import type * as tf from '../../tensorflow/tf.js';

/**
 * Base class of learning rates that are functions of the step, computed inside the compiled step, like
 * `keras.optimizers.schedules.LearningRateSchedule`.
 *
 * Any optimizer takes one as its `learningRate`. Its rate cannot be set from outside, as by `ReduceLROnPlateau`.
 */
export abstract class LearningRateSchedule {
  /**
   * Computes the learning rate of a step.
   *
   * @param step float32 scalar: number of the step, from 0. Its value is known only when the graph runs.
   * @returns The rate, a float32 scalar.
   */
  abstract call(step: tf.Tensor): tf.Tensor;

  /** Returns the options that it was made with, by Keras's names. */
  abstract getConfig(): Readonly<Record<string, unknown>>;
}
