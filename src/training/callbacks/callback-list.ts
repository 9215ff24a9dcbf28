import * as tf from '../../tensorflow/tf.js';
import type { CallbackLike, Logs } from './callback.js';

type Scalars = Record<string, number | tf.Scalar>;

/**
 * Several callbacks as a single `tf.Callback`, called one after another. `fit` makes it by itself; make one for TF.js's own training
 * loops, whose callbacks must return promises.
 *
 * @example
 * ```ts
 * await model.fit(images, labels, { epochs: 5, callbacks: new CallbackList([new EarlyStopping({ monitor: 'loss' })]) });
 * ```
 */
export class CallbackList extends tf.Callback {
  /** @param callbacks Callbacks, in the order they are called. */
  constructor(readonly callbacks: readonly CallbackLike[]) {
    super();
  }

  /** Gives every callback the model. */
  override setModel(model: Parameters<tf.Callback['setModel']>[0]): void {
    super.setModel(model);
    for (const callback of this.callbacks) callback.setModel?.(this.model);
  }

  /** Gives every callback the parameters of the training. */
  override setParams(params: tf.Callback['params']): void {
    super.setParams(params);
    for (const callback of this.callbacks) callback.setParams?.(params);
  }

  /** Calls every `onTrainBegin`. */
  override async onTrainBegin(logs?: Scalars): Promise<void> {
    await this.#callEach(logs, (callback, numbers) => callback.onTrainBegin?.(numbers));
  }

  /** Calls every `onTrainEnd`. */
  override async onTrainEnd(logs?: Scalars): Promise<void> {
    await this.#callEach(logs, (callback, numbers) => callback.onTrainEnd?.(numbers));
  }

  /** Calls every `onEpochBegin`. */
  override async onEpochBegin(epoch: number, logs?: Scalars): Promise<void> {
    await this.#callEach(logs, (callback, numbers) => callback.onEpochBegin?.(epoch, numbers));
  }

  /** Calls every `onEpochEnd`. */
  override async onEpochEnd(epoch: number, logs?: Scalars): Promise<void> {
    await this.#callEach(logs, (callback, numbers) => callback.onEpochEnd?.(epoch, numbers));
  }

  /** Calls every `onBatchBegin`. */
  override async onBatchBegin(batch: number, logs?: Scalars): Promise<void> {
    await this.#callEach(logs, (callback, numbers) => callback.onBatchBegin?.(batch, numbers));
  }

  /** Calls every `onBatchEnd`. */
  override async onBatchEnd(batch: number, logs?: Scalars): Promise<void> {
    await this.#callEach(logs, (callback, numbers) => callback.onBatchEnd?.(batch, numbers));
  }

  /** Passes numbers to the callbacks, since TF.js's logs hold scalars that have not been read yet, and adopts their changes. */
  async #callEach(
    logs: Scalars = {},
    call: (callback: CallbackLike, numbers: Logs) => void | Promise<void>,
  ): Promise<void> {
    const read = numbersOf(logs);
    const numbers = { ...read };
    for (const callback of this.callbacks) await call(callback, numbers);
    for (const [name, value] of Object.entries(numbers)) {
      if (Object.is(value, read[name])) continue;
      tf.dispose(logs[name]);
      logs[name] = value;
    }
  }
}

function numbersOf(logs: Readonly<Scalars>): Logs {
  return Object.fromEntries(
    Object.entries(logs).map(([name, value]) => [
      name,
      typeof value === 'number' ? value : (value.dataSync()[0] ?? NaN),
    ]),
  );
}
