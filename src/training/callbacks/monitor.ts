import { SignetError } from '../../errors.js';

/** Which value a callback watches, after Keras. */
export interface MonitorOptions {
  /** A value of the logs. Default: `val_loss`. */
  readonly monitor?: string;
  /** Whether less or more is better; `auto`: more for an accuracy, less for anything else. Default: `auto`. */
  readonly mode?: 'auto' | 'min' | 'max';
  /** How much better is better at all, in the value's own unit. Default: 0. */
  readonly minDelta?: number;
}

/** Keeps the best value seen. */
export class Monitor {
  readonly name: string;
  readonly #sign: 1 | -1;
  readonly #minDelta: number;
  #best: number | null = null;

  constructor({ monitor = 'val_loss', mode = 'auto', minDelta = 0 }: MonitorOptions = {}) {
    this.name = monitor;
    const moreIsBetter = mode === 'max' || (mode === 'auto' && /acc|auc$/.test(monitor));
    this.#sign = moreIsBetter ? 1 : -1;
    this.#minDelta = Math.abs(minDelta);
  }

  /** The best value so far; null before the first. */
  get best(): number | null {
    return this.#best;
  }

  /**
   * Takes an epoch's value. NaN is never better.
   *
   * @throws SignetError `INVALID_ARGUMENT` when the logs have no such value.
   */
  improves(logs: Readonly<Record<string, number>>): boolean {
    const value = logs[this.name];
    if (value === undefined) {
      const known = Object.keys(logs).join(', ');
      throw new SignetError('INVALID_ARGUMENT', `monitor is one of ${known}. Received: "${this.name}".`);
    }
    const improved = this.#best === null ? !Number.isNaN(value) : this.#sign * (value - this.#best) > this.#minDelta;
    if (improved) this.#best = value;
    return improved;
  }
}
