import { imageFlags, inputSizeFlags, preprocessingFlags, tensorflowFlags } from '../shared/common-flags.js';
import { defineCommand } from '../shared/flag-table.js';
import { trainModelCommand } from '../train-model/flags.js';

const { datasetPath, trainDatasetPath, trainList, testList, testSplit, modelType, batchSize, validationSplit, seed } =
  trainModelCommand.flags;

/** Conflicts with flags that this command has; no test set is read. */
const { trainDatasetPath: withFolder, trainList: withList } = datasetPath.conflicts;
const ofTraining = { trainDatasetPath: withFolder, trainList: withList };

/** Everything about `preview-augmentation`'s flags; some are `train-model`'s own, so that both see the same images. */
export const previewAugmentationCommand = defineCommand({
  name: 'preview-augmentation',
  describe:
    'Draws what a training sees: the original images on the left, then their augmented versions in the first steps. With the same flags, train-model sees the same.',
  flags: {
    datasetPath: { ...datasetPath, conflicts: ofTraining },
    trainDatasetPath,
    trainList,
    testList,
    testSplit: { ...testSplit, conflicts: {} },
    augment: {
      type: 'string',
      required: true,
      help: 'Random changes to the images, such as flip,rotation=0.05,zoom=0.2',
    },
    output: { type: 'path', default: 'augmentation.png', help: 'PNG file for the picture; replaced if it exists' },
    images: { type: 'integer', range: { min: 1, max: 100 }, default: 8, help: 'Rows: images of the first batch' },
    steps: { type: 'integer', range: { min: 1, max: 100 }, default: 8, help: 'Columns: first steps of a training' },
    modelType,
    ...inputSizeFlags,
    ...preprocessingFlags,
    batchSize,
    validationSplit,
    seed,
    ...imageFlags,
    ...tensorflowFlags,
  },
  examples: [
    [
      '--train-dataset-path data/digits/train --model-type LenetModel --augment rotation=0.05,translation=0.1',
      'the bundled digits',
    ],
  ],
});
