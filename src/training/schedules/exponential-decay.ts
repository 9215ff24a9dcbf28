import * as tf from '../../tensorflow/tf.js';
import { checkNumber } from '../../errors.js';
import { LearningRateSchedule } from './learning-rate-schedule.js';

/** After `keras.optimizers.schedules.ExponentialDecay`. */
export interface ExponentialDecayOptions {
  /** The rate at the first step. */
  readonly initialLearningRate: number;
  /** Steps after which the rate is `decayRate` times what it was. */
  readonly decaySteps: number;
  /** What is left of the rate after `decaySteps`, as a part of it. */
  readonly decayRate: number;
  /** Whether the rate falls only every `decaySteps`. Default: false: at every step. */
  readonly staircase?: boolean;
}

/** `initialLearningRate decayRate^(step / decaySteps)`. */
export class ExponentialDecay extends LearningRateSchedule {
  readonly #options: Required<ExponentialDecayOptions>;

  /** @throws SignetError `INVALID_ARGUMENT`. */
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
