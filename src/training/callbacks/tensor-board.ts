import path from 'node:path';

import { SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';
import { Optimizer } from '../optimizers/optimizer.js';
import { EventFileWriter } from './tensorboard/event-file-writer.js';
import { histogramSummary, imageSummary, scalarSummary, type SummaryValue } from './tensorboard/summaries.js';
import { Callback, type Logs } from './callback.js';
import { type CallbackState, type ResumableCallback, stateNumber } from './support/callback-state.js';

/** Options of `TensorBoard`, after `keras.callbacks.TensorBoard`. */
export interface TensorBoardOptions {
  /**
   * Folder to give to `tensorboard --logdir`. It is created if it does not exist, with a run `train` and, if there is a validation, a run
   * `validation`; earlier logs in it are kept.
   *
   * @defaultValue 'logs'
   */
  readonly logDir?: string;
  /**
   * Histograms of the weights are written every N epochs, beginning with the first; 0 writes none.
   *
   * @defaultValue 0
   */
  readonly histogramFreq?: number;
  /**
   * Whether the number of training steps per second is written after each epoch, as `epoch_steps_per_second`.
   *
   * @defaultValue false
   */
  readonly writeStepsPerSecond?: boolean;
  /**
   * Losses and metrics are always written after each epoch. `'batch'` also writes them after each batch, a number N after every N
   * batches, as `batch_loss` and so on.
   *
   * @defaultValue 'epoch'
   */
  readonly updateFreq?: 'epoch' | 'batch' | number;
  /**
   * Dataset whose first images are shown: `xs` of its first batch, float32 [batch, height, width, channels], pixels 0 to 255. Reading it
   * advances its order, so give one that is not shuffled or is used here alone.
   *
   * @defaultValue none
   */
  readonly sampleImages?: tf.data.Dataset<tf.TensorContainer>;
  /**
   * Maximum number of images that are shown.
   *
   * @defaultValue 8
   */
  readonly maxSampleImages?: number;
}

/**
 * Writes what TensorBoard shows, under Keras's tags: losses, metrics and the learning rate, histograms of the weights, and sample images. Logs from
 * before a training was resumed are kept.
 *
 * @example
 * ```ts
 * new TensorBoard({ logDir: 'logs/lenet', histogramFreq: 1 }); // then: tensorboard --logdir logs
 * ```
 */
export class TensorBoard extends Callback implements ResumableCallback {
  readonly #options: Required<Omit<TensorBoardOptions, 'sampleImages'>>;
  readonly #samples: TensorBoardOptions['sampleImages'];
  #train: EventFileWriter | null = null;
  #validation: EventFileWriter | null = null;
  /** Batches since the first epoch. */
  #batches = 0;
  #epochBatches = 0;
  #epochStart = 0;

  /** @throws SignetError `INVALID_ARGUMENT` when `updateFreq` is not one of its values. */
  constructor({ sampleImages, ...options }: TensorBoardOptions = {}) {
    super();
    this.#samples = sampleImages;
    const defaults = { logDir: 'logs', histogramFreq: 0, writeStepsPerSecond: false } as const;
    this.#options = { ...defaults, updateFreq: 'epoch', maxSampleImages: 8, ...options };
    const { updateFreq } = this.#options;
    if (typeof updateFreq === 'string' || (Number.isSafeInteger(updateFreq) && updateFreq >= 1)) return;
    throw new SignetError(
      'INVALID_ARGUMENT',
      `updateFreq is 'epoch', 'batch' or a whole number of batches from 1. Received: ${updateFreq}.`,
    );
  }

  /** @throws Error of Node.js when `logDir` cannot be written. */
  override async onTrainBegin(): Promise<void> {
    this.#train = new EventFileWriter(path.join(this.#options.logDir, 'train'));
    this.#validation = null;
    this.#batches = 0;
    if (this.#samples) this.#train.write(0, await sampleSummary(this.#samples, this.#options.maxSampleImages));
    // Fails now, rather than after an epoch, if nothing can be written.
    await this.#train.flush();
  }

  override onEpochBegin(): void {
    this.#epochStart = performance.now();
    this.#epochBatches = 0;
  }

  override async onBatchEnd(_batch: number, logs: Logs): Promise<void> {
    this.#batches += 1;
    this.#epochBatches += 1;
    const { updateFreq } = this.#options;
    if (updateFreq === 'epoch' || (updateFreq !== 'batch' && this.#batches % updateFreq !== 0)) return;
    const values = Object.entries(logs).filter(([name]) => name !== 'batch' && name !== 'size');
    this.#train?.write(
      this.#batches,
      values.map(([name, value]) => scalarSummary(`batch_${name}`, value)),
    );
    await this.#train?.flush();
  }

  override async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    const numbers = { ...logs, ...this.#extraNumbers() };
    const named = Object.entries(numbers);
    const training = named.filter(([name]) => !name.startsWith('val_'));
    const validation = named
      .filter(([name]) => name.startsWith('val_'))
      .map(([name, value]) => [name.slice(4), value] as const);
    this.#train?.write(
      epoch,
      training.map(([name, value]) => scalarSummary(`epoch_${name}`, value)),
    );
    if (validation.length > 0) this.#writeValidation(epoch, validation);
    const { histogramFreq } = this.#options;
    if (histogramFreq > 0 && epoch % histogramFreq === 0) this.#train?.write(epoch, weightSummaries(this.model));
    await Promise.all([this.#train?.flush(), this.#validation?.flush()]);
  }

  saveState(): CallbackState {
    return { values: { batches: this.#batches } };
  }

  restoreState(state: CallbackState): void {
    this.#batches = stateNumber(state, 'batches');
  }

  #extraNumbers(): Record<string, number> {
    const optimizer = this.model.optimizer as unknown;
    const seconds = (performance.now() - this.#epochStart) / 1000;
    return {
      ...(optimizer instanceof Optimizer && { learning_rate: optimizer.learningRate }),
      ...(this.#options.writeStepsPerSecond && { steps_per_second: this.#epochBatches / seconds }),
    };
  }

  #writeValidation(epoch: number, values: readonly (readonly [name: string, value: number])[]): void {
    this.#validation ??= new EventFileWriter(path.join(this.#options.logDir, 'validation'));
    this.#validation.write(
      epoch,
      values.map(([name, value]) => scalarSummary(`epoch_${name}`, value)),
    );
    const optimizer = this.model.optimizer as unknown;
    if (!(optimizer instanceof Optimizer)) return;
    const overSteps = values.map(([name, value]) => scalarSummary(`evaluation_${name}_vs_iterations`, value));
    this.#validation.write(optimizer.iterations, overSteps);
  }
}

function weightSummaries(model: tf.LayersModel): SummaryValue[] {
  return model.weights.map((weight) => histogramSummary(`${weight.originalName}/histogram`, weight.read().dataSync()));
}

async function sampleSummary(dataset: tf.data.Dataset<tf.TensorContainer>, count: number): Promise<SummaryValue[]> {
  const batch = (await (await dataset.iterator()).next()).value as { readonly xs?: tf.Tensor } | null;
  try {
    const images = batch?.xs;
    if (images?.rank !== 4) return [];
    const [size = 0, ...sizes] = images.shape;
    const first = images.slice([0, 0, 0, 0], [Math.min(count, size), ...sizes]) as tf.Tensor4D;
    return [await imageSummary('sample_images', first).finally(() => first.dispose())];
  } finally {
    tf.dispose(batch as tf.TensorContainer);
  }
}
