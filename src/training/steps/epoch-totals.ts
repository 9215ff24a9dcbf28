import * as v from 'valibot';

import { SignetError } from '../../errors.js';
import { Callback, type Logs } from '../callbacks/callback.js';

/**
 * Sums up the values of an epoch's batches, so that an epoch that is resumed midway has the logs of the whole epoch. It is the first callback.
 *
 * TF.js does so itself, in tensors that nobody can reach: these are the same sums, float32 after each operation as there.
 */
export class EpochTotals extends Callback {
  #seen = 0;
  #sums: Record<string, number> = {};
  /** Sums that the next epoch begins with. */
  #resumed: SavedTotals | null = null;
  #isResumed = false;

  override onEpochBegin(): void {
    this.#isResumed = this.#resumed !== null;
    this.#seen = this.#resumed?.seen ?? 0;
    this.#sums = { ...this.#resumed?.sums };
    this.#resumed = null;
  }

  override onBatchEnd(_batch: number, logs: Logs): void {
    const { size = 0, ...values } = logs;
    this.#seen += size;
    for (const [name, value] of Object.entries(values)) {
      if (name === 'batch') continue;
      this.#sums[name] = Math.fround((this.#sums[name] ?? 0) + Math.fround(value * size));
    }
  }

  override onEpochEnd(_epoch: number, logs: Logs): void {
    if (!this.#isResumed) return;
    for (const [name, sum] of Object.entries(this.#sums)) {
      logs[name] = Math.fround(Math.fround(1 / this.#seen) * sum);
    }
  }

  saveState(): SavedTotals {
    return { seen: this.#seen, sums: this.#sums };
  }

  /** @param state From a file. @throws SignetError `INVALID_TRAINING_STATE` for anything but what `saveState` returned. */
  restoreState(state: unknown): void {
    const result = v.safeParse(savedTotals, state);
    if (!result.success) {
      throw new SignetError(
        'INVALID_TRAINING_STATE',
        'The backup lacks the sums over its epoch, from which the training would resume: it is damaged. Remove its folder to start again.',
      );
    }
    this.#resumed = result.output;
  }
}

/** JSON has no NaN and writes null instead. */
const savedTotals = v.object({
  seen: v.number(),
  sums: v.record(
    v.string(),
    v.pipe(
      v.nullable(v.number()),
      v.transform((sum) => sum ?? NaN),
    ),
  ),
});

/** Sums over the batches of an epoch so far. */
export interface SavedTotals {
  /** Number of images seen. */
  readonly seen: number;
  /** Sums over them, by name. */
  readonly sums: Readonly<Record<string, number>>;
}
