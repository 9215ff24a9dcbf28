import { AdamW } from './adam-w.js';
import { Adam } from './adam.js';
import type { OptimizerOptions } from './optimizer-options.js';
import type { Optimizer } from './optimizer.js';
import { RMSprop } from './rmsprop.js';
import { SGD } from './sgd.js';

/** Options that every optimizer takes, and the momentum that some have. */
export type NamedOptimizerOptions = OptimizerOptions & {
  /** Momentum of `sgd` and `rmsprop`, from 0 to 1; the others ignore it. Default: 0. */
  readonly momentum?: number;
};

/** Makes an optimizer by its name on the command line; a new optimizer is one line here. */
export const optimizersByName = {
  adam: (options) => new Adam(options),
  adamw: (options) => new AdamW(options),
  sgd: (options) => new SGD(options),
  rmsprop: (options) => new RMSprop(options),
} as const satisfies Readonly<Record<string, (options: NamedOptimizerOptions) => Optimizer>>;

/** A name in `optimizersByName`. */
export type OptimizerName = keyof typeof optimizersByName;
