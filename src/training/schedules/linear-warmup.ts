import * as tf from '../../tensorflow/tf.js';
import { checkNumber } from '../../errors.js';
import { LearningRateSchedule } from './learning-rate-schedule.js';

/** How `LinearWarmup` begins. */
export interface LinearWarmupOptions {
  /** Steps of the warm-up. */
  readonly warmupSteps: number;
  /** The rate at the first step. Default: 0. */
  readonly initialLearningRate?: number;
}

/**
 * A straight line up to the first rate of another schedule, or to a constant one; then that schedule, from its first step on.
 *
 * Source: Goyal et al., https://arxiv.org/abs/1706.02677, section 2.2; the same line as the warm-up of Keras's `CosineDecay`.
 */
export class LinearWarmup extends LearningRateSchedule {
  readonly #options: Required<LinearWarmupOptions>;

  /** @throws SignetError `INVALID_ARGUMENT`. */
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
