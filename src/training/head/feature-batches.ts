import type { FeatureDataset } from '../features/feature-dataset.js';
import * as tf from '../../tensorflow/tf.js';
import type { FeatureBatches, LabelledFeatures } from './logistic-regression.js';

/** Features of a dataset for many passes, which `dispose` frees. */
export interface CollectedFeatures extends FeatureBatches {
  /** Number of images. */
  readonly images: number;
  /** Seconds of the pass that computed them. */
  readonly seconds: number;
  dispose(): void;
}

/**
 * Computes the features of all images. They are one batch in memory if they fit; otherwise they are read in batches at each pass.
 *
 * @param features Number of features per image.
 * @param memoryBytes Memory that they may take.
 */
export async function collectFeatures(
  dataset: FeatureDataset,
  features: number,
  memoryBytes: number,
): Promise<CollectedFeatures> {
  const parts: LabelledFeatures[] = [];
  const begin = performance.now();
  let images = 0;
  const isKept = () => images * features * Float32Array.BYTES_PER_ELEMENT <= memoryBytes;
  await visitBatches(dataset, (batch) => {
    images += batch.xs.shape[0];
    if (isKept()) parts.push(batch);
    else for (const each of [batch, ...parts.splice(0)]) tf.dispose([each.xs, each.ys]);
  });
  const seconds = (performance.now() - begin) / 1000;
  if (!isKept()) {
    const each: FeatureBatches['each'] = (visit) =>
      visitBatches(dataset, (batch) => {
        visit(batch);
        tf.dispose([batch.xs, batch.ys]);
      });
    return { features, images, seconds, each, dispose: () => undefined };
  }
  const whole = {
    xs: tf.concat(parts.map(({ xs }) => xs)),
    ys: tf.concat<tf.Tensor1D>(parts.map(({ ys }) => ys as tf.Tensor1D)),
  };
  for (const { xs, ys } of parts) tf.dispose([xs, ys]);
  return {
    features,
    images,
    seconds,
    each: (visit) => {
      visit(whole);
      return Promise.resolve();
    },
    dispose: () => tf.dispose([whole.xs, whole.ys]),
  };
}

/** Features of two datasets as one. */
export function joined(one: FeatureBatches, other: FeatureBatches): FeatureBatches {
  const each: FeatureBatches['each'] = async (visit) => {
    await one.each(visit);
    await other.each(visit);
  };
  return { features: one.features, each };
}

async function visitBatches(dataset: FeatureDataset, take: (batch: LabelledFeatures) => void): Promise<void> {
  const iterator = await dataset.iterator();
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    // The content of a FeatureDataset, which TF.js's typings do not know.
    take(next.value as unknown as LabelledFeatures);
  }
}
