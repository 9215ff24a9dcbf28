import * as tf from '../../tensorflow/tf.js';
import { attr } from '../../tracing/attr-value.js';
import { checkNumber } from '../../errors.js';
import { Optimizer } from './optimizer.js';
import type { OptimizerOptions } from './optimizer-options.js';
import type { FusedOp, Slots, UpdateRule } from './update-rule.js';

/** Options that `Adam` and `AdamW` have in common. */
export interface AdamRuleOptions {
  /**
   * Decay per step of the running mean of the gradients, 0 or more and below 1.
   *
   * @defaultValue 0.9
   */
  readonly beta1?: number;
  /**
   * Decay per step of the running mean of the squared gradients, 0 or more and below 1.
   *
   * @defaultValue 0.999
   */
  readonly beta2?: number;
  /**
   * Small number added to the divisor: "epsilon hat" of the paper. A larger one makes steps smaller where gradients are small.
   *
   * @defaultValue 1e-7
   */
  readonly epsilon?: number;
  /**
   * Whether a step divides by the root of the largest running mean of squares so far, rather than of the current one. XLA does not
   * know the op for it, so its steps run unfused.
   *
   * @defaultValue false
   */
  readonly amsgrad?: boolean;
}

/**
 * Steps by the mean of the gradients over the root of the mean of their squares, both corrected for their start at zero.
 *
 *     m += (1 - beta1) (g - m),  v += (1 - beta2) (g² - v)
 *     w -= learningRate sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon)
 *
 * Source: Kingma and Ba, https://arxiv.org/abs/1412.6980, the efficient form before section 2.1, as in
 * keras/src/optimizers/adam.py and TensorFlow's ApplyAdam; amsgrad: Reddi et al., https://openreview.net/pdf?id=ryQu7f-RZ.
 */
export abstract class AdamOptimizer extends Optimizer {
  readonly #options: Required<AdamRuleOptions>;

  /** @throws SignetError `INVALID_ARGUMENT` that names an option out of its range. */
  protected constructor(
    options: OptimizerOptions & Required<Pick<OptimizerOptions, 'learningRate'>> & AdamRuleOptions,
  ) {
    super(options);
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, amsgrad = false } = options;
    this.#options = { beta1, beta2, epsilon, amsgrad };
    for (const [name, beta] of Object.entries({ beta1, beta2 }))
      checkNumber(name, beta, '0 or more and below 1', (value) => value >= 0 && value < 1);
  }

  protected override get slotNames(): readonly string[] {
    return this.#options.amsgrad ? ['momentum', 'velocity', 'velocity_hat'] : ['momentum', 'velocity'];
  }

  /** Returns the options that create an identical optimizer. */
  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#options };
  }

  /** XLA does not know Amsgrad's op. */
  protected override fusedOp(learningRate: tf.Tensor, step: tf.Tensor): FusedOp | null {
    const { beta1, beta2, epsilon, amsgrad } = this.#options;
    if (amsgrad) return null;
    const [first, second, small] = [tf.scalar(beta1), tf.scalar(beta2), tf.scalar(epsilon)];
    const powers = [tf.pow(first, step), tf.pow(second, step)];
    return {
      op: 'ResourceApplyAdam',
      attributes: { use_locking: attr.bool(false), use_nesterov: attr.bool(false) },
      slots: ['momentum', 'velocity'],
      inputs: (gradient) => [...powers, learningRate, first, second, small, gradient],
    };
  }

  protected override rule(learningRate: tf.Tensor, step: tf.Tensor): UpdateRule {
    const { beta1, beta2, epsilon, amsgrad } = this.#options;
    const unbiased = (beta: number) => tf.sub(1, tf.pow(tf.scalar(beta), step));
    const alpha = tf.div(tf.mul(learningRate, tf.sqrt(unbiased(beta2))), unbiased(beta1));
    return (gradient, slots) => {
      const momentum = moved(slots, 'momentum', gradient, 1 - beta1);
      const velocity = moved(slots, 'velocity', tf.square(gradient), 1 - beta2);
      const highest = amsgrad ? tf.maximum(slots.velocity_hat ?? velocity, velocity) : velocity;
      const change = tf.neg(tf.div(tf.mul(momentum, alpha), tf.add(tf.sqrt(highest), epsilon)));
      return { change, slots: { momentum, velocity, ...(amsgrad && { velocity_hat: highest }) } };
    };
  }
}

/** A moving average, moved part of the way to a new value. */
function moved(slots: Slots, name: string, value: tf.Tensor, part: number): tf.Tensor {
  const mean = slots[name] ?? tf.zerosLike(value);
  return tf.add(mean, tf.mul(tf.sub(value, mean), part));
}
