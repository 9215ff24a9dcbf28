import { AdamOptimizer, type AdamRuleOptions } from './adam-optimizer.js';
import type { OptimizerOptions } from './optimizer-options.js';

/** Options of `Adam`, after `keras.optimizers.Adam`; `learningRate` is 0.001 by default. */
export interface AdamOptions extends OptimizerOptions, AdamRuleOptions {}

/**
 * Adam: steps by the running mean of the gradients, divided by the root of the running mean of their squares. See `AdamOptimizer` for the formula.
 *
 * @example
 * ```ts
 * model.compile({ optimizer: new Adam({ learningRate: new CosineDecay({ initialLearningRate: 0.001, decaySteps: 10_000 }) }) });
 * ```
 */
export class Adam extends AdamOptimizer {
  /** Name under which TF.js serializes it. */
  static readonly className = 'Adam';

  /** @throws SignetError `INVALID_ARGUMENT` that names an option out of its range. */
  constructor(options: AdamOptions = {}) {
    super({ learningRate: 0.001, ...options });
  }
}
