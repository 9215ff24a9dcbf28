import type { ImageDataset } from '../../data/dataset/image-dataset.js';
import * as tf from '../../tensorflow/tf.js';
import type { EpochDataset, ResumableData } from '../resume/resumable-dataset.js';
import type { TrainingPosition } from '../steps/training-session.js';
import type { FeatureSource } from './feature-source.js';

type Batches = ReturnType<tf.data.Dataset<tf.TensorContainer>['iterator']>;

/** An ImageDataset whose batches hold features instead of images: the same batches in the same order. */
export class FeatureDataset extends tf.data.Dataset<tf.TensorContainer> implements EpochDataset, ResumableData {
  override readonly size: number;

  /** @param also Prepared with the first batch too, so that a training which is stopped while features are computed stops before its first step. */
  constructor(
    private readonly images: ImageDataset,
    private readonly source: FeatureSource,
    private readonly also: readonly FeatureSource[] = [],
  ) {
    super();
    this.size = images.size;
  }

  startAtEpoch(epoch: number): void {
    this.images.startAtEpoch(epoch);
  }

  saveState(): unknown {
    return this.images.saveState();
  }

  resume(position: TrainingPosition, state: unknown): void {
    this.images.resume(position, state);
  }

  override async iterator(): Promise<Awaited<Batches>> {
    // TF.js's typings know only synchronous generators; it awaits the results of asynchronous ones.
    const batches = () => this.#batches() as unknown as Iterator<tf.TensorContainer>;
    return tf.data.generator<tf.TensorContainer>(batches).iterator();
  }

  async *#batches() {
    const { nextEpoch } = this.images;
    await this.source.prepare(nextEpoch);
    for (const source of this.also) await source.prepare(0);
    yield* this.images.batchesFrom({ start: (files) => this.source.start(files, nextEpoch) });
  }
}
