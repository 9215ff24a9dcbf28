import { Callback, type Logs } from './callback.js';
import type { CallbackState, ResumableCallback } from './support/callback-state.js';

/** The file of a `CSVLogger` so far, in parts. */
export interface CSVLines {
  /** Names of the values, without `epoch`. */
  readonly columns: readonly string[];
  /** One line per epoch, without its line break: the epoch, from 0, then the values. */
  readonly rows: readonly string[];
}

/** Options of a `CSVLogger`. */
export interface CSVLoggerOptions {
  /** Stage of the training, written to its own column. Default: no such column. */
  readonly stage?: string | undefined;
}

const stageColumn = 'stage';

/** Keeps every epoch's values as the text of a CSV file, `epoch,accuracy,loss,...`, epochs from 0 as in Keras. */
export class CSVLogger extends Callback implements ResumableCallback {
  #columns: readonly string[] = [];
  #rows: string[] = [];
  readonly #stage: string | undefined;

  constructor({ stage }: CSVLoggerOptions = {}) {
    super();
    this.#stage = stage;
  }

  /** The state for `restoreState` of a training that logged these lines without this callback, such as on other machines. */
  static stateAfter({ columns, rows }: CSVLines): CallbackState {
    return { values: { columns, rows } };
  }

  /** The file's text with these lines. */
  static textOf({ columns, rows }: CSVLines): string {
    return [['epoch', ...columns].join(','), ...rows, ''].join('\n');
  }

  /** The file's text so far. */
  get text(): string {
    return CSVLogger.textOf({ columns: this.#columns, rows: this.#rows });
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    const stage = this.#stage === undefined ? [] : [stageColumn];
    if (this.#columns.length === 0) this.#columns = [...stage, ...Object.keys(logs).sort()];
    const valueOf = (column: string) => (column === stageColumn ? this.#stage : logs[column]) ?? '';
    this.#rows.push([epoch, ...this.#columns.map(valueOf)].join(','));
  }

  saveState(): CallbackState {
    return CSVLogger.stateAfter({ columns: this.#columns, rows: this.#rows });
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
