import * as tf from '../../tensorflow/tf.js';
import { numbersOf } from './logs.js';

/** Keeps every epoch's values as the text of a CSV file, `epoch,accuracy,loss,...`, epochs from 0 as in Keras. */
export class CSVLogger extends tf.Callback {
  #columns: readonly string[] = [];
  readonly #rows: string[] = [];

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
}
