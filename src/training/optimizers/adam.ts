import type * as tf from '../../tensorflow/tf.js';
import { AdamRule, type AdamRuleOptions } from './adam-rule.js';
import { Optimizer } from './optimizer.js';
import type { OptimizerOptions } from './optimizer-options.js';
import type { FusedOp, UpdateRule } from './update-rule.js';

/** After `keras.optimizers.Adam`; `learningRate` is 0.001 by default. */
export interface AdamOptions extends OptimizerOptions, AdamRuleOptions {}

/** Adaptive moments: see `AdamRule`. */
export class Adam extends Optimizer {
  static readonly className = 'Adam';
  readonly #rule: AdamRule;

  /** @throws SignetError `INVALID_ARGUMENT`. */
  constructor(options: AdamOptions = {}) {
    super({ learningRate: 0.001, ...options });
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
