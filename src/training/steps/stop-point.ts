import type * as tf from '../../tensorflow/tf.js';
import { Callback } from '../callbacks/callback.js';
import { replacedStop } from '../tfjs-step.js';

/**
 * Decides once after every batch whether the training ends there. It is the last of the callbacks.
 *
 * TF.js looks at `stopTraining` when all callbacks have returned. Ctrl-C may arrive in between, while the last of them writes a backup: then the
 * epoch would end early, but the backup would say that it is complete.
 */
export class StopPoint extends Callback {
  readonly #restore: () => void;
  #isAsked = false;
  /** Null between the beginning of a batch and the decision, and once the epoch has ended. */
  #decision: boolean | null = null;

  /** Takes over `stopTraining` of the model, which is false at first, until `release`. */
  constructor(model: tf.LayersModel) {
    super();
    this.#restore = replacedStop(model, {
      isAsked: () => this.#isAsked,
      ask: (isAsked) => (this.#isAsked = isAsked),
      endsHere: () => this.#decision ?? this.#isAsked,
    });
  }

  /** Tells whether the training ends after this batch. A stop requested after the first call takes effect after the next batch. */
  decide(): boolean {
    return (this.#decision ??= this.#isAsked);
  }

  override onBatchBegin(): void {
    this.#decision = null;
  }

  override onBatchEnd(): void {
    this.decide();
  }

  override onEpochEnd(): void {
    this.#decision = null;
  }

  release(): void {
    this.#restore();
  }
}
