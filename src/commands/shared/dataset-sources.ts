import type { SampleOptions } from '../../data/shards/sample.js';
import { type DatasetSource, folderSource, listSource } from '../../data/source/dataset-source.js';

/** Options that name a test set. */
interface TestOptions extends SampleOptions {
  readonly testDatasetPath?: string | undefined;
  readonly testList?: string | undefined;
}

/** Options that name a training set. */
interface TrainingOptions extends SampleOptions {
  readonly datasetPath?: string | undefined;
  readonly trainDatasetPath?: string | undefined;
  readonly trainList?: string | undefined;
}

/** The training set that the flags name. */
export function trainingSource(options: TrainingOptions): DatasetSource {
  const { datasetPath, trainDatasetPath, trainList, labelField } = options;
  if (trainList !== undefined) return listSource(trainList);
  return folderSource(trainDatasetPath ?? datasetPath ?? '', { labelField });
}

/** The test set that the flags name. @returns null where it is a part of the training set's source. */
export function separateTestSource({ testDatasetPath, testList, labelField }: TestOptions): DatasetSource | null {
  if (testList !== undefined) return listSource(testList);
  return testDatasetPath === undefined ? null : folderSource(testDatasetPath, { labelField });
}

/** The test set of a command that needs one. */
export function testSource(options: TestOptions): DatasetSource {
  // The table of flags requires one.
  return separateTestSource(options) ?? folderSource('');
}
