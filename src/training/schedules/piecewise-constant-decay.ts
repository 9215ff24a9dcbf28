import { SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';
import { LearningRateSchedule } from './learning-rate-schedule.js';

/**
 * Learning rate that changes at given steps: `values[0]` up to the step `boundaries[0]`, then `values[1]`, and so on, like
 * `keras.optimizers.schedules.PiecewiseConstantDecay`.
 */
export class PiecewiseConstantDecay extends LearningRateSchedule {
  /**
   * @param boundaries Number of the last step, from 0, of each rate but the last; ascending.
   * @param values Learning rates, one more than there are boundaries.
   * @throws SignetError `INVALID_ARGUMENT` when the boundaries do not ascend, or their number does not match the number of values.
   */
  constructor(
    readonly boundaries: readonly number[],
    readonly values: readonly number[],
  ) {
    super();
    const ascends = boundaries.every((boundary, i) => i === 0 || boundary > (boundaries[i - 1] ?? 0));
    if (ascends && values.length === boundaries.length + 1) return;
    throw new SignetError(
      'INVALID_ARGUMENT',
      'The boundaries ascend, and there is one value more than boundaries. ' +
        `Received: boundaries [${boundaries.join(', ')}] and values [${values.join(', ')}].`,
    );
  }

  override call(step: tf.Tensor): tf.Tensor {
    return this.boundaries.reduce<tf.Tensor>(
      (rate, boundary, i) => tf.where(tf.greater(step, boundary), tf.scalar(this.values[i + 1] ?? 0), rate),
      tf.scalar(this.values[0] ?? 0),
    );
  }

  override getConfig(): Readonly<Record<string, unknown>> {
    return { boundaries: this.boundaries, values: this.values };
  }
}
