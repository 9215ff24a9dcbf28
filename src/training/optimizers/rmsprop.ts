import * as tf from '../../tensorflow/tf.js';
import { attr } from '../../tracing/attr-value.js';
import { checkNumber } from '../../errors.js';
import { Optimizer } from './optimizer.js';
import type { OptimizerOptions } from './optimizer-options.js';
import type { FusedOp, Slots, UpdateRule } from './update-rule.js';

/** Options of `RMSprop`, after `keras.optimizers.RMSprop`; `learningRate` is 0.001 by default. */
export interface RMSpropOptions extends OptimizerOptions {
  /**
   * Decay per step of the running mean of the squared gradients, from 0 to 1.
   *
   * @defaultValue 0.9
   */
  readonly rho?: number;
  /**
   * Share of the last step that is taken again, from 0 to 1.
   *
   * @defaultValue 0
   */
  readonly momentum?: number;
  /**
   * Small number added under the root of the divisor.
   *
   * @defaultValue 1e-7
   */
  readonly epsilon?: number;
  /**
   * Whether a step divides by the estimated standard deviation of the gradient rather than by the root of its mean square.
   *
   * @defaultValue false
   */
  readonly centered?: boolean;
}

/**
 * Divides each gradient by the root of a moving mean of its square.
 *
 *     v = rho v + (1 - rho) g²,  m = momentum m + learningRate g / sqrt(v + epsilon),  w -= m
 *
 * Centered, the square of a moving mean of the gradients is taken from v under the root.
 *
 * Source: Hinton's lecture 6e, as in keras/src/optimizers/rmsprop.py.
 */
export class RMSprop extends Optimizer {
  /** Name under which TF.js serializes it. */
  static readonly className = 'RMSprop';
  readonly #options: Required<Pick<RMSpropOptions, 'rho' | 'momentum' | 'epsilon' | 'centered'>>;

  /** @throws SignetError `INVALID_ARGUMENT` that names an option out of its range. */
  constructor(options: RMSpropOptions = {}) {
    super({ learningRate: 0.001, ...options });
    const { rho = 0.9, momentum = 0, epsilon = 1e-7, centered = false } = options;
    this.#options = { rho, momentum, epsilon, centered };
    checkNumber('rho', rho, 'from 0 to 1', (value) => value >= 0 && value <= 1);
    checkNumber('momentum', momentum, 'from 0 to 1', (value) => value >= 0 && value <= 1);
  }

  protected override get slotNames(): readonly string[] {
    const { momentum, centered } = this.#options;
    return ['velocity', ...(momentum > 0 ? ['momentum'] : []), ...(centered ? ['average_gradient'] : [])];
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#options };
  }

  protected override rule(learningRate: tf.Tensor): UpdateRule {
    const { momentum: factor, epsilon, centered } = this.#options;
    return (gradient, slots) => {
      const velocity = this.#mean(slots, 'velocity', tf.square(gradient));
      const average = centered ? this.#mean(slots, 'average_gradient', gradient) : null;
      const variance = average ? tf.sub(velocity, tf.square(average)) : velocity;
      const step = tf.div(tf.mul(gradient, learningRate), tf.sqrt(tf.add(variance, epsilon)));
      const momentum = slots.momentum ? tf.add(tf.mul(slots.momentum, factor), step) : null;
      const newSlots = { velocity, ...(momentum && { momentum }), ...(average && { average_gradient: average }) };
      return { change: tf.neg(momentum ?? step), slots: newSlots };
    };
  }

  /** TensorFlow's ops keep a momentum even if it is 0, so steps without one are composed of several ops. */
  protected override fusedOp(learningRate: tf.Tensor): FusedOp | null {
    const { rho, momentum, epsilon, centered } = this.#options;
    if (momentum === 0) return null;
    const [keep, factor, small] = [tf.scalar(rho), tf.scalar(momentum), tf.scalar(epsilon)];
    return {
      op: centered ? 'ResourceApplyCenteredRMSProp' : 'ResourceApplyRMSProp',
      attributes: { use_locking: attr.bool(false) },
      slots: [...(centered ? ['average_gradient'] : []), 'velocity', 'momentum'],
      inputs: (gradient) => [learningRate, keep, factor, small, gradient],
    };
  }

  #mean(slots: Slots, name: string, value: tf.Tensor): tf.Tensor {
    const { rho } = this.#options;
    return tf.add(tf.mul(slots[name] ?? tf.zerosLike(value), rho), tf.mul(value, 1 - rho));
  }
}
