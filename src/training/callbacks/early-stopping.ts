import { SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';
import type { Logs } from './callback.js';
import {
  type CallbackState,
  type ResumableCallback,
  stateNumber,
  stateNumberOrNull,
} from './support/callback-state.js';
import { MonitoringCallback, type MonitorOptions } from './support/monitor.js';
import { Report, type ReportOptions } from './support/report.js';

/** Options of `EarlyStopping`, after `keras.callbacks.EarlyStopping`. */
export interface EarlyStoppingOptions extends MonitorOptions, ReportOptions {
  /**
   * Number of epochs without improvement after which training stops. With 0 it stops after the first such epoch.
   *
   * @defaultValue 0
   */
  readonly patience?: number;
  /**
   * Value that the monitored one must beat: an improvement that does not beat it does not restart the count of epochs for `patience`.
   * With `restoreBestWeights`, the best epoch is restored all the same.
   *
   * @defaultValue none
   */
  readonly baseline?: number;
  /**
   * Whether to restore the weights of the best epoch when training ends, instead of keeping those of the last step.
   *
   * @defaultValue false
   */
  readonly restoreBestWeights?: boolean;
  /**
   * First epoch that is monitored, counted from 0. Use it where a model gets worse before it gets better.
   *
   * @defaultValue 0
   */
  readonly startFromEpoch?: number;
}

/** Progress of an `EarlyStopping`. */
export interface EarlyStoppingProgress {
  /** The best value so far; null before the first. */
  readonly best: number | null;
  /** Epoch with the best value, from 0. */
  readonly bestEpoch: number;
  /** Epochs since the best one. */
  readonly wait: number;
  /** The epoch after which it stopped, from 0. Default: null, it has not stopped. */
  readonly stoppedEpoch?: number | null;
  /** The weights of the best epoch, in the order of `model.getWeights()`; they stay the caller's. Default: none. */
  readonly bestWeights?: readonly tf.Tensor[];
}

/**
 * Stops training when a monitored value has not improved for `patience` epochs.
 *
 * @example
 * ```ts
 * const stopping = new EarlyStopping({ monitor: 'val_loss', patience: 5, restoreBestWeights: true });
 * await fit(model, train, { epochs: 100, validationData, callbacks: [stopping] });
 * stopping.stoppedEpoch; // 17, or null if all epochs ran
 * ```
 */
export class EarlyStopping extends MonitoringCallback implements ResumableCallback {
  readonly #options: Required<Pick<EarlyStoppingOptions, 'patience' | 'restoreBestWeights' | 'startFromEpoch'>>;
  readonly #baseline: number | null;
  readonly #report: Report;
  #bestWeights: readonly tf.Tensor[] = [];
  #bestEpoch = 0;
  #wait = 0;
  #stoppedEpoch: number | null = null;

  constructor(options: EarlyStoppingOptions = {}) {
    super(options);
    const { patience = 0, restoreBestWeights = false, startFromEpoch = 0, baseline = null } = options;
    this.#options = { patience, restoreBestWeights, startFromEpoch };
    this.#baseline = baseline;
    this.#report = new Report(options);
  }

  /** The state for `restoreState` of a training that came this far without this callback, such as on other machines. */
  static stateAfter(progress: EarlyStoppingProgress): CallbackState {
    const { best, bestEpoch, wait, stoppedEpoch = null, bestWeights = [] } = progress;
    const tensors = Object.fromEntries(bestWeights.map((weight, i) => [String(i), weight]));
    return { values: { best, bestEpoch, wait, stoppedEpoch }, tensors };
  }

  /** The epoch with the best value, from 0. */
  get bestEpoch(): number {
    return this.#bestEpoch;
  }

  /** Epoch after which it stopped training, from 0; null if it did not. */
  get stoppedEpoch(): number | null {
    return this.#stoppedEpoch;
  }

  get hasEnded(): boolean {
    return this.#stoppedEpoch !== null;
  }

  override onTrainBegin(): void {
    super.onTrainBegin();
    this.monitor.restart();
    this.#wait = 0;
    this.#bestEpoch = 0;
    this.#stoppedEpoch = null;
    this.#keep([]);
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    const value = logs[this.monitor.name];
    // An epoch that was stopped before its validation does not count.
    if (value === undefined || epoch < this.#options.startFromEpoch) return;
    // The weights of the first epoch are the best so far, even if its value is NaN or does not beat the baseline.
    if (this.#options.restoreBestWeights && this.#bestWeights.length === 0) this.#keepEpoch(epoch);
    this.#wait += 1;
    if (this.monitor.improves(logs)) {
      this.#keepEpoch(epoch);
      if (this.#baseline === null || this.monitor.isBetter(value, this.#baseline)) this.#wait = 0;
    } else if (this.#wait >= this.#options.patience && epoch > 0) {
      this.#stoppedEpoch = epoch;
      this.model.stopTraining = true;
    }
  }

  override onTrainEnd(): void {
    if (this.#stoppedEpoch !== null) this.#report.line(`Epoch ${this.#stoppedEpoch + 1}: early stopping`);
    if (this.#bestWeights.length > 0) {
      this.#report.line(`Restoring model weights from the end of the best epoch: ${this.#bestEpoch + 1}.`);
      this.model.setWeights([...this.#bestWeights]);
    }
    this.#keep([]);
  }

  saveState(): CallbackState {
    return EarlyStopping.stateAfter({
      best: this.monitor.best,
      bestEpoch: this.#bestEpoch,
      wait: this.#wait,
      stoppedEpoch: this.#stoppedEpoch,
      bestWeights: this.#bestWeights,
    });
  }

  restoreState(state: CallbackState): void {
    this.monitor.restart(stateNumberOrNull(state, 'best'));
    this.#bestEpoch = stateNumber(state, 'bestEpoch');
    this.#wait = stateNumber(state, 'wait');
    this.#stoppedEpoch = stateNumberOrNull(state, 'stoppedEpoch');
    this.#keep(bestWeightsOf(state, this.model).map((weight) => weight.clone()));
  }

  #keepEpoch(epoch: number): void {
    this.#bestEpoch = epoch;
    if (!this.#options.restoreBestWeights) return;
    this.#keep(this.model.getWeights().map((weight) => weight.clone()));
  }

  #keep(weights: readonly tf.Tensor[]): void {
    tf.dispose([...this.#bestWeights]);
    this.#bestWeights = weights;
  }
}

/** The best weights of a state, none or one for each of the model's. */
function bestWeightsOf({ tensors = {} }: CallbackState, model: tf.LayersModel | null): tf.Tensor[] {
  if (Object.keys(tensors).length === 0) return [];
  const weights = model?.getWeights() ?? [];
  const kept = weights.flatMap(({ shape }, i) => {
    const tensor = tensors[String(i)];
    return tensor && tf.util.arraysEqual(tensor.shape, shape) ? [tensor] : [];
  });
  if (kept.length === weights.length) return kept;
  throw new SignetError('INVALID_TRAINING_STATE', 'The best weights of the EarlyStopping are of another model.');
}
