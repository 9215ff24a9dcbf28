import * as tf from '../../tensorflow/tf.js';
import { numbersOf } from '../callbacks/support/logs.js';

/**
 * Sums up the values of an epoch's batches, so that an epoch that a training goes on in has the logs of the whole. It stands first.
 *
 * TF.js does so itself, in tensors that nobody can reach: these are the same sums, float32 after each operation as there.
 */
export class EpochTotals extends tf.Callback {
  #seen = 0;
  #sums: Record<string, number> = {};
  /** Sums that the next epoch begins with. */
  #resumed: Pick<SavedTotals, 'seen' | 'sums'> | null = null;
  #isResumed = false;

  override async onEpochBegin(): Promise<void> {
    this.#isResumed = this.#resumed !== null;
    this.#seen = this.#resumed?.seen ?? 0;
    this.#sums = { ...this.#resumed?.sums };
    this.#resumed = null;
    return Promise.resolve();
  }

  override async onBatchEnd(_batch: number, logs?: tf.Logs): Promise<void> {
    const { size = 0, ...values } = numbersOf(logs);
    this.#seen += size;
    for (const [name, value] of Object.entries(values)) {
      if (name === 'batch') continue;
      this.#sums[name] = Math.fround((this.#sums[name] ?? 0) + Math.fround(value * size));
    }
    return Promise.resolve();
  }

  override async onEpochEnd(_epoch: number, logs?: tf.Logs): Promise<void> {
    if (!this.#isResumed || !logs) return Promise.resolve();
    for (const [name, sum] of Object.entries(this.#sums)) {
      tf.dispose(logs[name]);
      logs[name] = Math.fround(Math.fround(1 / this.#seen) * sum);
    }
    return Promise.resolve();
  }

  saveState(): SavedTotals {
    return { seen: this.#seen, sums: this.#sums };
  }

  /** @param state From a file. */
  restoreState(state: unknown): void {
    const { seen, sums } = (typeof state === 'object' ? state : null) as { seen?: unknown; sums?: unknown };
    if (typeof seen !== 'number' || typeof sums !== 'object') return;
    // JSON has no NaN: it stands there as null.
    const numbers = Object.entries(sums ?? {}).map(
      ([name, sum]) => [name, typeof sum === 'number' ? sum : NaN] as const,
    );
    this.#resumed = { seen, sums: Object.fromEntries(numbers) };
  }
}

/** What an epoch has come to so far. */
export interface SavedTotals {
  /** How many images were seen. */
  readonly seen: number;
  /** Sums over them, by name. */
  readonly sums: Readonly<Record<string, number>>;
}
