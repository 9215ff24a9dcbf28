import { SignetError } from '../../errors.js';
import type * as tf from '../../tensorflow/tf.js';
import { Optimizer } from '../optimizers/optimizer.js';

/**
 * Values of a batch or an epoch by name, such as `loss` and `val_accuracy`. The callbacks of a training share one object per hook: what one adds or
 * changes in `onEpochEnd` is seen by those after it and by the training's history.
 */
export type Logs = Record<string, number>;

/** Facts about a training that are known before it begins, by TF.js's names. */
export interface TrainingParams {
  /** Number of the last epoch, counted from 1. */
  readonly epochs?: number;
  /** Batches per epoch; null if the dataset does not know its size. */
  readonly steps?: number | null;
  /** Names of the values in the logs of an epoch. */
  readonly metrics?: readonly string[];
  readonly [name: string]: unknown;
}

/**
 * Base class of the callbacks that `fit` calls while it trains. A callback overrides the hooks that it needs; a hook may return nothing or a promise,
 * which the training awaits before it calls the next callback.
 *
 * @example
 * ```ts
 * class StopAt extends Callback {
 *   override onEpochEnd(epoch: number, logs: Logs) {
 *     if ((logs.val_accuracy ?? 0) > 0.99) this.model.stopTraining = true;
 *   }
 * }
 * await fit(model, train, { epochs: 100, validationData, callbacks: [new StopAt()] });
 * ```
 */
export abstract class Callback {
  #model: tf.LayersModel | null = null;
  #params: TrainingParams = {};

  /**
   * The model in training. In `onEpochEnd` and later hooks, its weights are those after the last step; in `onBatchEnd`, after `readWeights(model)`.
   * Values assigned to it take effect from the next step on.
   *
   * @throws SignetError `INVALID_ARGUMENT` before a training has begun.
   */
  get model(): tf.LayersModel {
    if (this.#model) return this.#model;
    throw new SignetError(
      'INVALID_ARGUMENT',
      `${this.constructor.name} has no model before a training begins: give it to \`fit\` as one of its callbacks.`,
    );
  }

  /** Facts about the training; empty before it begins. */
  get params(): TrainingParams {
    return this.#params;
  }

  /**
   * The model's optimizer. Its learning rate and state can be read and assigned.
   *
   * @throws SignetError `INVALID_ARGUMENT` for an optimizer of TF.js.
   */
  protected get optimizer(): Optimizer {
    return trainedOptimizer(this.model, this.constructor.name);
  }

  /** Called before `onTrainBegin`. */
  setModel(model: tf.LayersModel): void {
    this.#model = model;
  }

  /** Called before `onTrainBegin`. */
  setParams(params: TrainingParams): void {
    this.#params = params;
  }

  /** Called once before the first epoch. */
  onTrainBegin?(logs: Logs): void | Promise<void>;

  /** Called once after the last epoch, even if the training was stopped early, but not if it fails. */
  onTrainEnd?(logs: Logs): void | Promise<void>;

  /** Called before each epoch. @param epoch Number of the epoch, from 0. */
  onEpochBegin?(epoch: number, logs: Logs): void | Promise<void>;

  /**
   * Called after each epoch and its validation.
   *
   * @param epoch Number of the epoch, from 0.
   * @param logs Means over the epoch: `loss`, the metrics, and those of the validation as `val_loss` and so on. An epoch that was stopped
   *   in its middle has no validation.
   */
  onEpochEnd?(epoch: number, logs: Logs): void | Promise<void>;

  /**
   * Called before each batch.
   *
   * @param batch Number of the batch within the epoch, from 0.
   * @param logs The same number as `batch`, and as `size` the number of examples in the batch.
   */
  onBatchBegin?(batch: number, logs: Logs): void | Promise<void>;

  /**
   * Called after each batch.
   *
   * @param batch Number of the batch within the epoch, from 0.
   * @param logs The values of `onBatchBegin`, plus the loss and metrics of this batch alone.
   */
  onBatchEnd?(batch: number, logs: Logs): void | Promise<void>;

  /**
   * Called after each batch of the validation. TF.js does not wait here, so the hook cannot return a promise.
   *
   * @param batch Number of the batch within the validation, from 0.
   * @param logs The same number as `batch`, and as `size` the number of examples in the batch.
   */
  onTestBatchEnd?(batch: number, logs: Logs): void;
}

/** Callback that `fit` takes: a `Callback`, a `tf.Callback`, or an object with some of the hooks, `{ onEpochEnd(epoch, logs) {...} }`. */
export type CallbackLike = Partial<
  Pick<
    Callback,
    | ('onTrainBegin' | 'onTrainEnd' | 'onEpochBegin' | 'onEpochEnd')
    | ('onBatchBegin' | 'onBatchEnd' | 'onTestBatchEnd' | 'setModel' | 'setParams')
  >
>;

/**
 * Returns the optimizer of a model in training, for code that sets its learning rate or keeps its state.
 *
 * @param user Name of that code in the message.
 * @throws SignetError `INVALID_ARGUMENT` for an optimizer of TF.js, whose learning rate is a constant of the compiled step.
 */
export function trainedOptimizer(model: tf.LayersModel, user: string): Optimizer {
  const optimizer = model.optimizer as unknown;
  if (optimizer instanceof Optimizer) return optimizer;
  const received = (optimizer as tf.Optimizer | undefined)?.getClassName() ?? 'none';
  throw new SignetError(
    'INVALID_ARGUMENT',
    `${user} needs an optimizer of Signet, such as compile({ optimizer: new Adam() }): the learning rate of TF.js's own is a ` +
      `constant once a step is compiled. Received: ${received} of TF.js.`,
  );
}
