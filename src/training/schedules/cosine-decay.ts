import * as tf from '../../tensorflow/tf.js';
import { checkNumber } from '../../errors.js';
import { LearningRateSchedule } from './learning-rate-schedule.js';

/** After `keras.optimizers.schedules.CosineDecay`. */
export interface CosineDecayOptions {
  /** The rate at the first step. */
  readonly initialLearningRate: number;
  /** Steps over which it decays, after the warm-up. */
  readonly decaySteps: number;
  /** The lowest rate as a part of the highest. Default: 0. */
  readonly alpha?: number;
  /** The rate at the end of a linear warm-up, from which it decays. Default: no warm-up. */
  readonly warmupTarget?: number;
  /** Steps of the warm-up. Default: 0. */
  readonly warmupSteps?: number;
}

/**
 * Half a cosine from the highest rate to `alpha` times it, after a linear warm-up if there is one.
 *
 *     rate = highest ((1 - alpha) (1 + cos(pi step / decaySteps)) / 2 + alpha)
 *
 * Source: Loshchilov and Hutter, https://arxiv.org/abs/1608.03983, without restarts, as in keras/src/optimizers/schedules.
 */
export class CosineDecay extends LearningRateSchedule {
  readonly #options: Required<Omit<CosineDecayOptions, 'warmupTarget'>> & Pick<CosineDecayOptions, 'warmupTarget'>;

  /** @throws SignetError `INVALID_ARGUMENT`. */
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
