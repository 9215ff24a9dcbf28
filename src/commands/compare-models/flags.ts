import { imageFlags, jsonFlags, tensorflowFlags } from '../shared/common-flags.js';
import { testFlags } from '../shared/dataset-flags.js';
import { defineCommand } from '../shared/flag-table.js';

/** Everything about `compare-models`'s flags. */
export const compareModelsCommand = defineCommand({
  name: 'compare-models',
  describe:
    'Compares two classifiers on disk over the same images: which is better and how surely, which images got better and worse, speed, size, and the flags of their trainings that differ.',
  operands: 'MODEL_DIRS',
  flags: {
    testDatasetPath: {
      ...testFlags.testDatasetPath,
      requiredUnless: [],
      defaultText: 'what the first model was tested on in its training',
    },
    testList: testFlags.testList,
    labelField: testFlags.labelField,
    batchSize: { type: 'integer', range: { min: 1 }, default: 32, help: 'Images per call' },
    ...imageFlags,
    report: {
      type: 'path',
      defaultText: 'none',
      help: 'HTML file with the pictures that got better and worse, to read in a browser; replaced if it exists',
    },
    ...jsonFlags,
    ...tensorflowFlags,
  },
  examples: [
    [
      'models/LenetModel/1 models/LenetModel/2 --test-dataset-path data/digits/test --report comparison.html',
      'two versions, the older one first',
    ],
  ],
});
