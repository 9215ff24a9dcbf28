import { imageFlags, jsonFlags, tensorflowFlags } from '../shared/common-flags.js';
import { trainingFlags } from '../shared/dataset-flags.js';
import { defineCommand } from '../shared/flag-table.js';
import { trainModelCommand } from '../train-model/flags.js';

const { datasetPath, trainDatasetPath, trainList, testDatasetPath, testList, labelField } = trainingFlags;
const { exif } = trainModelCommand.flags;

/** Everything about `check-dataset`'s flags. */
export const checkDatasetCommand = defineCommand({
  name: 'check-dataset',
  describe:
    'Finds problems in a data set before a training: pictures that appear twice or also in the test set, suspicious labels, classes that are hard to tell apart, and pictures that stand out.',
  flags: {
    datasetPath: {
      ...datasetPath,
      help: 'Folder with one folder of images per class, not yet split into training and test images',
    },
    trainDatasetPath,
    trainList,
    testDatasetPath: {
      type: 'path',
      defaultText: 'none',
      help: 'Folder with the same classes; its pictures that are also in the training set are found',
      conflicts: testDatasetPath.conflicts,
    },
    testList: { ...testList, defaultText: 'the rows of --train-list with split test' },
    labelField,
    modelPath: {
      type: 'path',
      defaultText: 'EfficientNet-Lite0, trained on ImageNet',
      help: 'Directory of a model version whose features are compared, such as models/ResnetModel/1',
    },
    features: {
      type: 'boolean',
      default: true,
      help: 'Compare features; --no-features is faster, but finds neither crops nor suspicious labels',
    },
    write: {
      type: 'path',
      defaultText: 'nothing is written',
      help: 'File for suggested changes, one JSON object per line, for train-model --exclude and --relabel; replaced if it exists',
    },
    report: {
      type: 'path',
      defaultText: 'none',
      help: 'HTML file with the pictures side by side, to open in a browser; replaced if it exists',
    },
    exif,
    ...imageFlags,
    ...jsonFlags,
    ...tensorflowFlags,
  },
  examples: [
    [
      '--train-dataset-path data/digits/train --test-dataset-path data/digits/test --report data-check.html',
      'the bundled digits',
    ],
  ],
});
