import * as tf from '../tensorflow/tf.js';
import type { TrainingPosition } from './training-session.js';

/** A dataset whose order is another in every epoch, and which can begin with any. */
export interface EpochDataset {
  /** @param epoch From 0. */
  startAtEpoch(epoch: number): void;
}

type BatchIterator<T extends tf.TensorContainer> = Awaited<ReturnType<tf.data.Dataset<T>['iterator']>>;

/** A dataset that can begin within an epoch: the batches before are taken and dropped. */
export class ResumableDataset<T extends tf.TensorContainer> extends tf.data.Dataset<T> {
  override readonly size: number;
  #skip = 0;

  constructor(private readonly dataset: tf.data.Dataset<T>) {
    super();
    this.size = dataset.size;
  }

  resume({ epoch, batch }: TrainingPosition): void {
    const { startAtEpoch } = this.dataset as Partial<EpochDataset>;
    startAtEpoch?.call(this.dataset, epoch);
    this.#skip = batch;
  }

  override async iterator(): Promise<BatchIterator<T>> {
    const iterator = await this.dataset.iterator();
    const next = async () => {
      // TF.js makes an iterator that it does not use before that of the first epoch.
      for (; this.#skip > 0; this.#skip -= 1) tf.dispose((await iterator.next()).value as tf.TensorContainer);
      return iterator.next();
    };
    // All that a training loop asks of an iterator.
    return { next } as unknown as BatchIterator<T>;
  }
}
