import { SignetError } from '../../errors.js';
import { type Logs, trainedOptimizer } from './callback.js';
import {
  type CallbackState,
  type ResumableCallback,
  stateNumber,
  stateNumberOrNull,
} from './support/callback-state.js';
import { MonitoringCallback, type MonitorOptions } from './support/monitor.js';
import { Report, type ReportOptions, shortNumber } from './support/report.js';

/** Options of `ReduceLROnPlateau`, after `keras.callbacks.ReduceLROnPlateau`. */
export interface ReduceLROnPlateauOptions extends MonitorOptions, ReportOptions {
  /**
   * Factor that the learning rate is multiplied by, above 0 and below 1.
   *
   * @defaultValue 0.1
   */
  readonly factor?: number;
  /**
   * Number of epochs without improvement after which the learning rate is reduced. With 0 it is reduced after the first such epoch.
   *
   * @defaultValue 10
   */
  readonly patience?: number;
  /**
   * Minimum change that counts as an improvement, in the unit of the monitored value.
   *
   * @defaultValue 0.0001
   */
  readonly minDelta?: number;
  /**
   * Number of epochs after a reduction during which epochs without improvement are not counted.
   *
   * @defaultValue 0
   */
  readonly cooldown?: number;
  /**
   * Learning rate below which it is not reduced.
   *
   * @defaultValue 0
   */
  readonly minLr?: number;
}

/**
 * Reduces the learning rate when a monitored value has stopped improving, and adds it to the logs as `learning_rate`. The optimizer
 * must be one of Signet's whose learning rate is a number, not a schedule.
 *
 * @example
 * ```ts
 * new ReduceLROnPlateau({ monitor: 'val_loss', factor: 0.2, patience: 5, minLr: 0.00001 });
 * ```
 */
export class ReduceLROnPlateau extends MonitoringCallback implements ResumableCallback {
  readonly #factor: number;
  readonly #patience: number;
  readonly #cooldown: number;
  readonly #minLr: number;
  readonly #report: Report;
  #wait = 0;
  #cooldownCounter = 0;

  /** @throws SignetError `INVALID_ARGUMENT` when `factor` is not above 0 and below 1. */
  constructor(options: ReduceLROnPlateauOptions = {}) {
    const { factor = 0.1, patience = 10, cooldown = 0, minLr = 0 } = options;
    super({ minDelta: 1e-4, ...options });
    if (!(factor > 0 && factor < 1)) {
      throw new SignetError(
        'INVALID_ARGUMENT',
        `ReduceLROnPlateau does not support a factor >= 1.0: it is more than 0 and less than 1. Received factor=${factor}.`,
      );
    }
    this.#factor = factor;
    this.#patience = patience;
    this.#cooldown = cooldown;
    this.#minLr = minLr;
    this.#report = new Report(options);
  }

  /** @throws SignetError `INVALID_ARGUMENT` for a monitored value that the training does not have, and an optimizer of TF.js. */
  override onTrainBegin(): void {
    super.onTrainBegin();
    trainedOptimizer(this.model, 'ReduceLROnPlateau');
    this.monitor.restart();
    this.#wait = 0;
    this.#cooldownCounter = 0;
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    logs.learning_rate = this.optimizer.learningRate;
    // An epoch that was stopped before its validation does not count.
    if (logs[this.monitor.name] === undefined) return;
    if (this.#cooldownCounter > 0) {
      this.#cooldownCounter -= 1;
      this.#wait = 0;
    }
    if (this.monitor.improves(logs)) this.#wait = 0;
    else if (this.#cooldownCounter === 0) this.#countEpoch(epoch);
  }

  saveState(): CallbackState {
    return { values: { best: this.monitor.best, wait: this.#wait, cooldownCounter: this.#cooldownCounter } };
  }

  restoreState(state: CallbackState): void {
    this.monitor.restart(stateNumberOrNull(state, 'best'));
    this.#wait = stateNumber(state, 'wait');
    this.#cooldownCounter = stateNumber(state, 'cooldownCounter');
  }

  #countEpoch(epoch: number): void {
    this.#wait += 1;
    if (this.#wait < this.#patience) return;
    const { optimizer } = this;
    const old = optimizer.learningRate;
    // The learning rate is a float32, so that a rate at the bound does not count as above it.
    if (old <= Math.fround(this.#minLr)) return;
    const reduced = Math.max(old * this.#factor, this.#minLr);
    optimizer.learningRate = reduced;
    this.#cooldownCounter = this.#cooldown;
    this.#wait = 0;
    const value = shortNumber(reduced);
    this.#report.line(`Epoch ${epoch + 1}: ReduceLROnPlateau reducing learning rate to ${value}.`);
  }
}
