import * as tf from '../../tensorflow/tf.js';
import { attr } from '../../tracing/attr-value.js';
import { checkNumber } from '../../errors.js';
import { Optimizer } from './optimizer.js';
import type { OptimizerOptions } from './optimizer-options.js';
import type { FusedOp, UpdateRule } from './update-rule.js';

/** Options of `SGD`, after `keras.optimizers.SGD`; `learningRate` is 0.01 by default. */
export interface SGDOptions extends OptimizerOptions {
  /**
   * Share of the last step that is taken again, from 0 to 1.
   *
   * @defaultValue 0
   */
  readonly momentum?: number;
  /**
   * Whether Nesterov's momentum is used: the last step is taken again before the gradient is added.
   *
   * @defaultValue false
   */
  readonly nesterov?: boolean;
}

/**
 * Gradient descent, optionally with momentum.
 *
 *     w -= learningRate g                                           without momentum
 *     m = momentum m - learningRate g,  w += m                      with momentum
 *     m = momentum m - learningRate g,  w += momentum m - learningRate g    Nesterov's
 *
 * Source: keras/src/optimizers/sgd.py, and TensorFlow's ApplyKerasMomentum.
 */
export class SGD extends Optimizer {
  /** Name under which TF.js serializes it. */
  static readonly className = 'SGD';
  readonly #momentum: number;
  readonly #nesterov: boolean;

  /** @throws SignetError `INVALID_ARGUMENT` that names an option out of its range. */
  constructor(options: SGDOptions = {}) {
    super({ learningRate: 0.01, ...options });
    const { momentum = 0, nesterov = false } = options;
    checkNumber('momentum', momentum, 'from 0 to 1', (value) => value >= 0 && value <= 1);
    this.#momentum = momentum;
    this.#nesterov = nesterov;
  }

  protected override get slotNames(): readonly string[] {
    return this.#momentum === 0 ? [] : ['momentum'];
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), momentum: this.#momentum, nesterov: this.#nesterov };
  }

  protected override rule(learningRate: tf.Tensor): UpdateRule {
    const factor = this.#momentum;
    return (gradient, slots) => {
      const step = tf.mul(gradient, learningRate);
      if (!slots.momentum) return { change: tf.neg(step), slots: {} };
      const momentum = tf.sub(tf.mul(slots.momentum, factor), step);
      return { change: this.#nesterov ? tf.sub(tf.mul(momentum, factor), step) : momentum, slots: { momentum } };
    };
  }

  protected override fusedOp(learningRate: tf.Tensor): FusedOp {
    const attributes = { use_locking: attr.bool(false) };
    if (this.#momentum === 0) {
      const inputs = (gradient: tf.Tensor) => [learningRate, gradient];
      return { op: 'ResourceApplyGradientDescent', attributes, slots: [], inputs };
    }
    const factor = tf.scalar(this.#momentum);
    return {
      op: 'ResourceApplyKerasMomentum',
      attributes: { ...attributes, use_nesterov: attr.bool(this.#nesterov) },
      slots: ['momentum'],
      inputs: (gradient) => [learningRate, gradient, factor],
    };
  }
}
