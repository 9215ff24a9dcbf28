import * as tf from '../../tensorflow/tf.js';
import { Optimizer, type OptimizerOptions, type Slots, type UpdateRule } from './optimizer.js';

/** After `keras.optimizers.Adam`. */
export interface AdamOptions extends OptimizerOptions {
  /** How far a step goes. Default: 0.001. */
  readonly learningRate?: number;
  /** How much of the mean of the gradients a step keeps. Default: 0.9. */
  readonly beta1?: number;
  /** How much of the mean of their squares a step keeps. Default: 0.999. */
  readonly beta2?: number;
  /** Keeps the division from 0: "epsilon hat" of the paper. Default: 1e-7. */
  readonly epsilon?: number;
}

/**
 * Steps by the mean of the gradients over the root of the mean of their squares, both corrected for their start at zero.
 *
 *     m += (1 - beta1) (g - m),  v += (1 - beta2) (g² - v)
 *     w -= learningRate sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon)
 *
 * Source: Kingma and Ba, https://arxiv.org/abs/1412.6980, the efficient form before section 2.1, as in
 * keras/src/optimizers/adam.py and TensorFlow's ApplyAdam.
 */
export class Adam extends Optimizer {
  static readonly className = 'Adam';
  protected override readonly slotNames: readonly string[] = ['momentum', 'velocity'];
  readonly #options: Required<Omit<AdamOptions, 'learningRate'>>;

  constructor({ learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }: AdamOptions = {}) {
    super(learningRate);
    this.#options = { beta1, beta2, epsilon };
  }

  protected override rule(learningRate: tf.Tensor, step: tf.Tensor): UpdateRule {
    const { beta1, beta2, epsilon } = this.#options;
    const unbiased = (beta: number) => tf.sub(1, tf.pow(tf.scalar(beta), step));
    const alpha = tf.div(tf.mul(learningRate, tf.sqrt(unbiased(beta2))), unbiased(beta1));
    return (gradient, slots) => {
      const momentum = moved(slots, 'momentum', gradient, 1 - beta1);
      const velocity = moved(slots, 'velocity', tf.square(gradient), 1 - beta2);
      const change = tf.neg(tf.div(tf.mul(momentum, alpha), tf.add(tf.sqrt(velocity), epsilon)));
      return { change, slots: { momentum, velocity } };
    };
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#options };
  }
}

/** A moving average a part of the way to a new value. */
function moved(slots: Slots, name: string, value: tf.Tensor, part: number): tf.Tensor {
  const mean = slots[name] ?? tf.zerosLike(value);
  return tf.add(mean, tf.mul(tf.sub(value, mean), part));
}
