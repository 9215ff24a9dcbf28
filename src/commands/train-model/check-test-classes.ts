import { checkSameClasses } from '../../data/scan/check-same-classes.js';
import type { ScannedDataset } from '../shared/scan-dataset.js';
import type { TrainModelOptions } from './train-model-options.js';

/** @throws SignetError as `checkSameClasses`, when the test set has other classes than the training set. */
export function checkTestClasses(testSet: ScannedDataset, trainSet: ScannedDataset, options: TrainModelOptions): void {
  checkSameClasses(testSet.scan.classNames, trainSet.scan.classNames, {
    found: `the test set ${options.testDatasetPath}`,
    expected: `the training set ${options.trainDatasetPath}`,
  });
}
