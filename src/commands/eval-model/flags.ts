import { imageFlags, jsonFlags, precisionFlag, tensorflowFlags } from '../shared/common-flags.js';
import { testFlags } from '../shared/dataset-flags.js';
import { defineCommand } from '../shared/flag-table.js';

/** Everything about `eval-model`'s flags. */
export const evalModelCommand = defineCommand({
  name: 'eval-model',
  describe:
    'Evaluates both signatures of a SavedModel on disk on a folder with one folder of images per class, or on a list of images with labels.',
  flags: {
    ...testFlags,
    modelPath: { type: 'path', required: true, help: 'Directory of a model version, such as models/LenetModel/1' },
    batchSize: { type: 'integer', range: { min: 1 }, default: 32, help: 'Images per call' },
    precision: precisionFlag,
    ...imageFlags,
    report: {
      type: 'path',
      defaultText: 'none',
      help: 'Folder for a report to open in a browser, with the worst mistakes',
    },
    ...jsonFlags,
    ...tensorflowFlags,
  },
  examples: [['--test-dataset-path data/digits/test --model-path models/LenetModel/1', 'the model of npm start']],
});
