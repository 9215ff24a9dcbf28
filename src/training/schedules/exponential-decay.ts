import * as tf from '../../tensorflow/tf.js';
import { checkNumber } from '../../errors.js';
import { LearningRateSchedule } from './learning-rate-schedule.js';

/** Options of `ExponentialDecay`, after `keras.optimizers.schedules.ExponentialDecay`. */
export interface ExponentialDecayOptions {
  /** Learning rate of the first step. */
  readonly initialLearningRate: number;
  /** Number of steps after which the rate is `decayRate` times what it was; above 0. */
  readonly decaySteps: number;
  /** Factor by which the rate changes over `decaySteps`; below 1 it falls. */
  readonly decayRate: number;
  /**
   * Whether the rate changes only every `decaySteps` steps, instead of a little at each.
   *
   * @defaultValue false
   */
  readonly staircase?: boolean;
}

/** Learning rate of `initialLearningRate decayRate^(step / decaySteps)`, steps counted from 0. */
export class ExponentialDecay extends LearningRateSchedule {
  readonly #options: Required<ExponentialDecayOptions>;

  /** @throws SignetError `INVALID_ARGUMENT` when `decaySteps` is not above 0. */
  constructor(options: ExponentialDecayOptions) {
    super();
    this.#options = { staircase: false, ...options };
    checkNumber('decaySteps', options.decaySteps, 'more than 0', (value) => value > 0);
  }

  override call(step: tf.Tensor): tf.Tensor {
    const { initialLearningRate, decaySteps, decayRate, staircase } = this.#options;
    const part = tf.div(step, decaySteps);
    const power = tf.pow(tf.scalar(decayRate), staircase ? tf.floor(part) : part);
    return tf.mul(power, initialLearningRate);
  }

  override getConfig(): Readonly<Record<string, unknown>> {
    return { ...this.#options };
  }
}
