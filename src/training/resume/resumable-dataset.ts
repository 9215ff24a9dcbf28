import * as tf from '../../tensorflow/tf.js';
import type { TrainingPosition } from '../steps/training-session.js';

/** A dataset whose order differs in every epoch, and which can start at any epoch. */
export interface EpochDataset {
  /**
   * Begins with the order of an epoch.
   *
   * @param epoch Number of the epoch, from 0.
   */
  startAtEpoch(epoch: number): void;
}

/** A dataset that can itself resume where it was, even within an epoch; `ImageDataset` is one. */
export interface ResumableData {
  /** Returns its state in addition to epoch and batch, as values that JSON can hold. */
  saveState(): unknown;
  /** Makes the next epoch the one at the position, starting at its batch. @param state From a file. */
  resume(position: TrainingPosition, state: unknown): void;
}

type BatchIterator<T extends tf.TensorContainer> = Awaited<ReturnType<tf.data.Dataset<T>['iterator']>>;

/** Makes any dataset able to begin within an epoch: if it cannot do so itself, the earlier batches are read and dropped. */
export class ResumableDataset<T extends tf.TensorContainer> extends tf.data.Dataset<T> {
  override readonly size: number;
  #skip = 0;

  constructor(private readonly dataset: tf.data.Dataset<T> & Partial<EpochDataset & ResumableData>) {
    super();
    this.size = dataset.size;
  }

  saveState(): unknown {
    return this.dataset.saveState?.() ?? null;
  }

  resume(position: TrainingPosition, state: unknown): void {
    if (this.dataset.resume) {
      this.dataset.resume(position, state);
      return;
    }
    this.dataset.startAtEpoch?.(position.epoch);
    this.#skip = position.batch;
  }

  override async iterator(): Promise<BatchIterator<T>> {
    const iterator = await this.dataset.iterator();
    const next = async () => {
      // TF.js makes an iterator that it does not use before that of the first epoch.
      for (; this.#skip > 0; this.#skip -= 1) tf.dispose((await iterator.next()).value as tf.TensorContainer);
      return iterator.next();
    };
    // All that a training loop needs from an iterator.
    return { next } as unknown as BatchIterator<T>;
  }
}
