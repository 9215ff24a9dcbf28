import { type DatasetSource, folderSource, listSource } from '../../data/source/dataset-source.js';

/** Options that name a test set. */
interface TestOptions {
  readonly testDatasetPath?: string | undefined;
  readonly testList?: string | undefined;
}

/** Options that name a training set. */
interface TrainingOptions {
  readonly datasetPath?: string | undefined;
  readonly trainDatasetPath?: string | undefined;
  readonly trainList?: string | undefined;
}

/** The training set that the flags name. */
export function trainingSource({ datasetPath, trainDatasetPath, trainList }: TrainingOptions): DatasetSource {
  return trainList === undefined ? folderSource(trainDatasetPath ?? datasetPath ?? '') : listSource(trainList);
}

/** The test set that the flags name. @returns null where it is a part of the training set's source. */
export function separateTestSource({ testDatasetPath, testList }: TestOptions): DatasetSource | null {
  if (testList !== undefined) return listSource(testList);
  return testDatasetPath === undefined ? null : folderSource(testDatasetPath);
}

/** The test set of a command that needs one. */
export function testSource(options: TestOptions): DatasetSource {
  // The table of flags requires one.
  return separateTestSource(options) ?? folderSource('');
}
