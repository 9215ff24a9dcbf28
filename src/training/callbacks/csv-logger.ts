import * as tf from '../../tensorflow/tf.js';
import type { CallbackState, ResumableCallback } from './support/callback-state.js';
import { numbersOf } from './support/logs.js';

/** Keeps every epoch's values as the text of a CSV file, `epoch,accuracy,loss,...`, epochs from 0 as in Keras. */
export class CSVLogger extends tf.Callback implements ResumableCallback {
  #columns: readonly string[] = [];
  #rows: string[] = [];

  /** The file's text so far. */
  get text(): string {
    return [['epoch', ...this.#columns].join(','), ...this.#rows, ''].join('\n');
  }

  override async onEpochEnd(epoch: number, logs?: tf.Logs): Promise<void> {
    const numbers = numbersOf(logs);
    if (this.#columns.length === 0) this.#columns = Object.keys(numbers).sort();
    this.#rows.push([epoch, ...this.#columns.map((column) => numbers[column] ?? '')].join(','));
    return Promise.resolve();
  }

  saveState(): CallbackState {
    return { values: { columns: this.#columns, rows: this.#rows } };
  }

  restoreState({ values }: CallbackState): void {
    const lines = (value: unknown) =>
      Array.isArray(value)
        ? value.filter((line): line is string => typeof line === 'string' && !/[\r\n]/.test(line))
        : [];
    this.#columns = lines(values.columns);
    this.#rows = lines(values.rows);
  }
}
