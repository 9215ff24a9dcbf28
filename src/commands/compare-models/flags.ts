import { imageFlags, jsonFlags, tensorflowFlags } from '../shared/common-flags.js';
import { testFlags } from '../shared/dataset-flags.js';
import { defineCommand } from '../shared/flag-table.js';

/** Everything about `compare-models`'s flags. */
export const compareModelsCommand = defineCommand({
  name: 'compare-models',
  describe:
    'Compares two classifiers on disk over the same images: which is better and how sure that is, which images got better or worse, speed, size, and flags of their trainings that differ.',
  operands: 'MODEL_DIRS',
  flags: {
    testDatasetPath: {
      ...testFlags.testDatasetPath,
      requiredUnless: [],
      defaultText: "the test images of the first model's training",
    },
    testList: testFlags.testList,
    labelField: testFlags.labelField,
    batchSize: { type: 'integer', range: { min: 1 }, default: 32, help: 'Images per call' },
    ...imageFlags,
    report: {
      type: 'path',
      defaultText: 'none',
      help: 'HTML file with the pictures that got better or worse, to open in a browser; replaced if it exists',
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
