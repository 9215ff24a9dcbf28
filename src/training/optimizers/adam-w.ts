import type * as tf from '../../tensorflow/tf.js';
import { AdamRule, type AdamRuleOptions } from './adam-rule.js';
import { Optimizer } from './optimizer.js';
import type { OptimizerOptions } from './optimizer-options.js';
import type { FusedOp, UpdateRule } from './update-rule.js';

/** After `keras.optimizers.AdamW`; `learningRate` is 0.001 and `weightDecay` 0.004 by default. */
export interface AdamWOptions extends OptimizerOptions, AdamRuleOptions {}

/**
 * Adam whose weights decay by themselves rather than through the gradient.
 *
 * Source: Loshchilov and Hutter, https://arxiv.org/abs/1711.05101, as in keras/src/optimizers/adamw.py.
 */
export class AdamW extends Optimizer {
  static readonly className = 'AdamW';
  readonly #rule: AdamRule;

  /** @throws SignetError `INVALID_ARGUMENT`. */
  constructor(options: AdamWOptions = {}) {
    super({ learningRate: 0.001, weightDecay: 0.004, ...options });
    this.#rule = new AdamRule(options);
  }

  protected override get slotNames(): readonly string[] {
    return this.#rule.slotNames;
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#rule.options };
  }

  protected override rule(learningRate: tf.Tensor, step: tf.Tensor): UpdateRule {
    return this.#rule.at(learningRate, step);
  }

  protected override fusedOp(learningRate: tf.Tensor, step: tf.Tensor): FusedOp | null {
    return this.#rule.fusedAt(learningRate, step);
  }
}
