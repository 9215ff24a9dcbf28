import * as tf from '../../tensorflow/tf.js';
import { checkNumber } from '../../errors.js';
import { LearningRateSchedule } from './learning-rate-schedule.js';

/** Options of `CosineDecay`, after `keras.optimizers.schedules.CosineDecay`. */
export interface CosineDecayOptions {
  /** Learning rate of the first step. */
  readonly initialLearningRate: number;
  /** Number of steps over which the rate decays, after the warm-up; above 0. Later steps keep the lowest rate. */
  readonly decaySteps: number;
  /**
   * Lowest rate as a fraction of the highest.
   *
   * @defaultValue 0
   */
  readonly alpha?: number;
  /**
   * Learning rate at the end of a linear warm-up, from which it then decays.
   *
   * @defaultValue no warm-up
   */
  readonly warmupTarget?: number;
  /**
   * Number of steps of the warm-up, 0 or more. It has no effect without `warmupTarget`.
   *
   * @defaultValue 0
   */
  readonly warmupSteps?: number;
}

/**
 * Learning rate that follows half a cosine from the highest rate to `alpha` times it, after a linear warm-up if there is one.
 *
 *     rate = highest ((1 - alpha) (1 + cos(pi step / decaySteps)) / 2 + alpha)
 *
 * Source: Loshchilov and Hutter, https://arxiv.org/abs/1608.03983, without restarts, as in keras/src/optimizers/schedules.
 */
export class CosineDecay extends LearningRateSchedule {
  readonly #options: Required<Omit<CosineDecayOptions, 'warmupTarget'>> & Pick<CosineDecayOptions, 'warmupTarget'>;

  /** @throws SignetError `INVALID_ARGUMENT` when `decaySteps` is not above 0 or `warmupSteps` is negative. */
  constructor(options: CosineDecayOptions) {
    super();
    this.#options = { alpha: 0, warmupSteps: 0, ...options };
    checkNumber('decaySteps', options.decaySteps, 'more than 0', (value) => value > 0);
    checkNumber('warmupSteps', this.#options.warmupSteps, '0 or more', (value) => value >= 0);
  }

  override call(step: tf.Tensor): tf.Tensor {
    const { initialLearningRate, warmupSteps, warmupTarget } = this.#options;
    if (warmupTarget === undefined || warmupSteps === 0)
      return this.#decayed(step, warmupTarget ?? initialLearningRate);
    const warm = tf.add(tf.mul(tf.div(step, warmupSteps), warmupTarget - initialLearningRate), initialLearningRate);
    return tf.where(tf.less(step, warmupSteps), warm, this.#decayed(tf.sub(step, warmupSteps), warmupTarget));
  }

  override getConfig(): Readonly<Record<string, unknown>> {
    return { ...this.#options };
  }

  #decayed(step: tf.Tensor, highest: number): tf.Tensor {
    const { alpha, decaySteps } = this.#options;
    const part = tf.div(tf.minimum(step, decaySteps), decaySteps);
    const cosine = tf.mul(tf.add(tf.cos(tf.mul(part, Math.PI)), 1), 0.5);
    return tf.mul(tf.add(tf.mul(cosine, 1 - alpha), alpha), highest);
  }
}
