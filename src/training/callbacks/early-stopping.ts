import * as tf from '../../tensorflow/tf.js';
import { numbersOf } from './logs.js';
import type { MonitorOptions } from './monitor.js';
import { MonitoringCallback } from './monitoring-callback.js';

/** After `keras.callbacks.EarlyStopping`. */
export interface EarlyStoppingOptions extends MonitorOptions {
  /** Epochs without improvement after which training stops. Default: 0. */
  readonly patience?: number;
  /** Whether the model ends with the weights of its best epoch. Default: false. */
  readonly restoreBestWeights?: boolean;
}

/** Stops training when the watched value has not improved for `patience` epochs. */
export class EarlyStopping extends MonitoringCallback {
  readonly #patience: number;
  readonly #restore: boolean;
  #bestWeights: tf.Tensor[] = [];
  #bestEpoch = 0;
  #wait = 0;
  #stoppedEpoch: number | null = null;

  constructor({ patience = 0, restoreBestWeights = false, ...monitor }: EarlyStoppingOptions = {}) {
    super(monitor);
    this.#patience = patience;
    this.#restore = restoreBestWeights;
  }

  /** The epoch with the best value, from 0. */
  get bestEpoch(): number {
    return this.#bestEpoch;
  }

  /** The epoch after which it stopped, from 0; null when it did not. */
  get stoppedEpoch(): number | null {
    return this.#stoppedEpoch;
  }

  override async onEpochEnd(epoch: number, logs?: tf.Logs): Promise<void> {
    if (this.monitor.improves(numbersOf(logs))) {
      this.#wait = 0;
      this.#bestEpoch = epoch;
      if (this.#restore) this.#keepWeights();
      return Promise.resolve();
    }
    this.#wait += 1;
    if (this.#wait >= this.#patience && this.trained) {
      this.#stoppedEpoch = epoch;
      this.trained.stopTraining = true;
    }
    return Promise.resolve();
  }

  override async onTrainEnd(): Promise<void> {
    if (this.#bestWeights.length > 0) this.trained?.setWeights(this.#bestWeights);
    tf.dispose(this.#bestWeights);
    this.#bestWeights = [];
    return Promise.resolve();
  }

  #keepWeights(): void {
    tf.dispose(this.#bestWeights);
    this.#bestWeights = this.trained?.getWeights().map((weight) => weight.clone()) ?? [];
  }
}
