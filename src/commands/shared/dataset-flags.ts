import type { Flag } from './flag-table.js';

const listHelp = 'CSV file with the header path,label[,split] or a column of 0 and 1 for each class, or JSON Lines';

/** Flag of every command that may read shards of others. */
export const sampleFlags = {
  /**
   * For shards from elsewhere: the feature of a tf.Example, or the field in `.json`, that has the class. Default: `image/class/label` or `label`;
   * `.cls`, `labels` or `label`.
   */
  labelField: {
    type: 'string',
    defaultText: 'image/class/label or label; .cls, labels or label',
    help: 'For shards from elsewhere: the feature of a tf.Example, or the field in .json, that has the class',
  },
} as const satisfies Readonly<Record<'labelField', Flag>>;

/** Flags of every command that reads a test set. */
export const testFlags = {
  /** Folder with one folder of images per class, or shards. */
  testDatasetPath: {
    type: 'path',
    requiredUnless: ['testList'],
    help: 'Folder with one folder of images per class, or shards, also at https://, s3:// or gs://',
    conflicts: { testList: 'Give --test-dataset-path for a folder, or --test-list for a list. Received: both.' },
  },
  /** Instead of a folder, a list of images with labels, as CSV or JSON Lines; paths are relative to it. From a list with splits, the test images are used. */
  testList: {
    type: 'path',
    help: `Instead of a folder: ${listHelp}; paths are relative to it; from a list with splits, the test images are used`,
  },
  ...sampleFlags,
} as const satisfies Readonly<Record<'testDatasetPath' | 'testList' | 'labelField', Flag>>;

const one = 'Give one of --dataset-path, --train-dataset-path and --train-list.';
const splitOff = 'The test set is split off --dataset-path: give it alone, or --train-dataset-path.';
const noSplit = '--test-split makes the test set of the images: give no other.';

/** Flags that say which images a training learns from, and which test it. What they name may be elsewhere when it is resumed: the images are compared. */
export const trainingFlags = {
  /** Folder with one folder of images per class, or shards, to be split into training, validation and test images. */
  datasetPath: {
    type: 'path',
    help: 'Folder with one folder of images per class, or shards, to be split into training, validation and test images',
    conflicts: { trainDatasetPath: one, trainList: one, testDatasetPath: splitOff, testList: splitOff },
    onResume: 'may differ',
  },
  /** Folder with one folder of training images per class, or shards (see `pack-dataset`). */
  trainDatasetPath: {
    type: 'path',
    requiredUnless: ['datasetPath', 'trainList'],
    help: 'Folder with one folder of training images per class, or shards (see pack-dataset), also at https://, s3:// or gs://',
    conflicts: { trainList: one },
    onResume: 'may differ',
  },
  /** Folder with the same classes, for the final accuracy. */
  testDatasetPath: {
    type: 'path',
    requiredUnless: ['testList', 'datasetPath', 'trainList'],
    help: 'Folder with the same classes, for the final accuracy',
    conflicts: testFlags.testDatasetPath.conflicts,
    onResume: 'may differ',
  },
  /** Instead of folders, a list of images with labels, as CSV or JSON Lines; paths are relative to it. */
  trainList: {
    type: 'path',
    help: `Instead of folders: ${listHelp}; paths are relative to it`,
    onResume: 'may differ',
  },
  /** Test set as a list, like `trainList`. Default: the rows of `trainList` with split `test`, otherwise `testSplit`. */
  testList: {
    type: 'path',
    defaultText: 'the rows of --train-list with split test, otherwise --test-split',
    help: `Test set as a list, like --train-list`,
    onResume: 'may differ',
  },
  /** Fraction of the images of each class that is split off for the test. Default: 0.2. */
  testSplit: {
    type: 'number',
    range: { above: 0, below: 1 },
    default: 0.2,
    help: 'Fraction of the images of each class that is split off for the test',
    conflicts: { testDatasetPath: noSplit, testList: noSplit },
  },
  ...sampleFlags,
} as const satisfies Readonly<
  Record<
    'datasetPath' | 'trainDatasetPath' | 'testDatasetPath' | 'trainList' | 'testList' | 'testSplit' | 'labelField',
    Flag
  >
>;
