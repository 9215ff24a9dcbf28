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
    'Looks for what is wrong with images before a training: pictures that are there twice or in the test set too, suspicious labels, classes that are hardly told apart, and pictures that stand out.',
  flags: {
    datasetPath: {
      ...datasetPath,
      help: 'Folder with one folder of images per class, of which no test images are split yet',
    },
    trainDatasetPath,
    trainList,
    testDatasetPath: {
      type: 'path',
      defaultText: 'none',
      help: 'Folder with the same classes: pictures of it that the training set has too are found',
      conflicts: testDatasetPath.conflicts,
    },
    testList: { ...testList, defaultText: "--train-list's rows of the split test" },
    labelField,
    modelPath: {
      type: 'path',
      defaultText: 'EfficientNet-Lite0, trained on ImageNet',
      help: 'Directory of a version whose features are compared, such as models/ResnetModel/1',
    },
    features: {
      type: 'boolean',
      default: true,
      help: 'Compare features; --no-features is quicker, and finds neither crops nor suspicious labels',
    },
    write: {
      type: 'path',
      defaultText: 'nothing is written',
      help: 'File for what to leave out or to relabel, one JSON object per line, for train-model --exclude and --relabel; replaced if it exists',
    },
    report: {
      type: 'path',
      defaultText: 'none',
      help: 'HTML file with the pictures side by side, to read in a browser; replaced if it exists',
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
