import { listProblems } from '../../data/scan/describe-problems.js';
import { ImageDataset } from '../../data/dataset/image-dataset.js';
import { splitFiles } from '../../data/dataset/split-files.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import type { ScannedDataset } from '../shared/scan-dataset.js';
import type { TrainModelOptions } from './train-model-options.js';

/** What a training learns from, chooses its best epoch by, and is told about at the end. */
export type TrainingDatasets = Readonly<Record<'train' | 'validation' | 'test', ImageDataset>>;

/** Parts the training set and makes batches of decoded images; the test set is in no cache, it is read once. */
export async function makeTrainingDatasets(
  model: ImageClassifierModel,
  train: ScannedDataset,
  test: ScannedDataset,
  { batchSize, seed, validationSplit, onBadImage, cache }: TrainModelOptions,
): Promise<TrainingDatasets> {
  const common = { imageSize: model.imageSize, batchSize, seed, onBadImage, cacheMebibytes: cache };
  const side = (subset: 'training' | 'validation') => splitFiles(train.scan, { validationSplit, subset, seed });
  return {
    train: await ImageDataset.create(side('training'), common),
    validation: await ImageDataset.create(side('validation'), { ...common, shuffle: false }),
    test: await ImageDataset.create(test.scan, { ...common, shuffle: false, cacheMebibytes: 0 }),
  };
}

/** What the scans left out, then what did not decode. */
export function skippedList(scans: readonly ScannedDataset[], datasets: readonly ImageDataset[]): string {
  const undecodable = datasets.flatMap((dataset) => dataset.skipped);
  return [...scans.map(({ skippedList: list }) => list), listProblems(undecodable)].join('');
}
