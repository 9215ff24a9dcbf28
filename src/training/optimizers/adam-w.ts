import { AdamOptimizer, type AdamRuleOptions } from './adam-optimizer.js';
import type { OptimizerOptions } from './optimizer-options.js';

/** Options of `AdamW`, after `keras.optimizers.AdamW`; `learningRate` is 0.001 and `weightDecay` 0.004 by default. */
export interface AdamWOptions extends OptimizerOptions, AdamRuleOptions {}

/**
 * Adam with weight decay that is applied to the weights directly rather than through the gradient.
 *
 * Source: Loshchilov and Hutter, https://arxiv.org/abs/1711.05101, as in keras/src/optimizers/adamw.py.
 */
export class AdamW extends AdamOptimizer {
  /** Name under which TF.js serializes it. */
  static readonly className = 'AdamW';

  /** @throws SignetError `INVALID_ARGUMENT` that names an option out of its range. */
  constructor(options: AdamWOptions = {}) {
    super({ learningRate: 0.001, weightDecay: 0.004, ...options });
  }
}
