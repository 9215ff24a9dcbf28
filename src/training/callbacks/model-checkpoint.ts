import type * as tf from '../../tensorflow/tf.js';
import { numbersOf } from './logs.js';
import type { MonitorOptions } from './monitor.js';
import { MonitoringCallback } from './monitoring-callback.js';

/** After `keras.callbacks.ModelCheckpoint`. */
export interface ModelCheckpointOptions extends MonitorOptions {
  /** Whether only an epoch with a better value is saved. Default: false: every epoch. */
  readonly saveBestOnly?: boolean;
  /** How a checkpoint is saved. Default: `model.save(filepath)`. */
  readonly save?: (filepath: string, epoch: number, logs: Readonly<Record<string, number>>) => Promise<unknown>;
}

/** Saves the model after epochs. A checkpoint of an ImageClassifierModel is a SavedModel that can be served. */
export class ModelCheckpoint extends MonitoringCallback {
  readonly #saveBestOnly: boolean;
  readonly #save: NonNullable<ModelCheckpointOptions['save']>;
  #saved = 0;

  constructor(
    readonly filepath: string,
    { saveBestOnly = false, save, ...monitor }: ModelCheckpointOptions = {},
  ) {
    super(monitor);
    this.#saveBestOnly = saveBestOnly;
    this.#save = save ?? ((path) => this.trained?.save(path) ?? Promise.resolve());
  }

  /** How often it has saved. */
  get saved(): number {
    return this.#saved;
  }

  override async onEpochEnd(epoch: number, logs?: tf.Logs): Promise<void> {
    const numbers = numbersOf(logs);
    if (this.#saveBestOnly && !this.monitor.improves(numbers)) return;
    await this.#save(this.filepath, epoch, numbers);
    this.#saved += 1;
  }
}
