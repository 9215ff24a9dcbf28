import { SignetError } from '../../../errors.js';
import { Callback, type Logs, type TrainingParams } from '../callback.js';

/** Options of callbacks that monitor a value of the logs, after Keras. */
export interface MonitorOptions {
  /**
   * Name of the monitored value in the logs, such as `loss` or `val_accuracy`.
   *
   * @defaultValue 'val_loss'
   */
  readonly monitor?: string;
  /**
   * Whether a lower (`min`) or a higher (`max`) value is better. `auto` means higher for an accuracy and lower for anything else.
   *
   * @defaultValue 'auto'
   */
  readonly mode?: 'auto' | 'min' | 'max';
  /**
   * Minimum change that counts as an improvement, in the unit of the monitored value.
   *
   * @defaultValue 0
   */
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

  /** @throws SignetError `INVALID_ARGUMENT` if the training has no such value, listing those that it has. */
  check({ metrics: known }: TrainingParams): void {
    if (!known || known.includes(this.name)) return;
    throw new SignetError('INVALID_ARGUMENT', `monitor is one of ${known.join(', ')}. Received: "${this.name}".`);
  }

  /** The best value so far; null before the first. */
  get best(): number | null {
    return this.#best;
  }

  /** Starts again from a best value: none for a new training, the earlier one's for a training that is resumed. */
  restart(best: number | null = null): void {
    this.#best = best;
  }

  /** Whether a value is better than another by more than `minDelta`. NaN never is. */
  isBetter(value: number, than: number): boolean {
    return this.#sign * (value - than) > this.#minDelta;
  }

  /** Records an epoch's value and checks whether it is the best. NaN never is, nor is an epoch that was cut short before its validation. */
  improves(logs: Readonly<Logs>): boolean {
    const value = logs[this.name];
    if (value === undefined) return false;
    const improved = this.#best === null ? !Number.isNaN(value) : this.isBetter(value, this.#best);
    if (improved) this.#best = value;
    return improved;
  }
}

/** A callback that watches one value of the logs. */
export abstract class MonitoringCallback extends Callback {
  /** The watched value and the best it has been. */
  protected readonly monitor: Monitor;

  protected constructor(options: MonitorOptions) {
    super();
    this.monitor = new Monitor(options);
  }

  /** @throws SignetError `INVALID_ARGUMENT` if the training has no such value. */
  override onTrainBegin(): void {
    this.monitor.check(this.params);
  }
}
