import * as tf from '../../tensorflow/tf.js';
import { checkNumber } from '../../errors.js';
import { LearningRateSchedule } from './learning-rate-schedule.js';

/** Options of `LinearWarmup`. */
export interface LinearWarmupOptions {
  /** Number of steps of the warm-up, above 0. */
  readonly warmupSteps: number;
  /**
   * Learning rate of the first step.
   *
   * @defaultValue 0
   */
  readonly initialLearningRate?: number;
}

/**
 * Learning rate that rises in a straight line to the first rate of another schedule, or to a constant one, and then follows it from its
 * first step on.
 *
 * Source: Goyal et al., https://arxiv.org/abs/1706.02677, section 2.2; the same line as the warm-up of Keras's `CosineDecay`.
 */
export class LinearWarmup extends LearningRateSchedule {
  readonly #options: Required<LinearWarmupOptions>;

  /**
   * @param after Schedule or rate that follows the warm-up.
   * @throws SignetError `INVALID_ARGUMENT` when `warmupSteps` is not above 0.
   */
  constructor(
    readonly after: LearningRateSchedule | number,
    options: LinearWarmupOptions,
  ) {
    super();
    this.#options = { initialLearningRate: 0, ...options };
    checkNumber('warmupSteps', options.warmupSteps, 'more than 0', (value) => value > 0);
  }

  override call(step: tf.Tensor): tf.Tensor {
    const { warmupSteps, initialLearningRate } = this.#options;
    const target = this.#after(tf.scalar(0));
    const line = tf.mul(tf.div(step, warmupSteps), tf.sub(target, initialLearningRate));
    const later = this.#after(tf.maximum(tf.sub(step, warmupSteps), 0));
    return tf.where(tf.less(step, warmupSteps), tf.add(line, initialLearningRate), later);
  }

  override getConfig(): Readonly<Record<string, unknown>> {
    const { after } = this;
    return { ...this.#options, after: typeof after === 'number' ? after : after.getConfig() };
  }

  #after(step: tf.Tensor): tf.Tensor {
    return typeof this.after === 'number' ? tf.scalar(this.after) : this.after.call(step);
  }
}
