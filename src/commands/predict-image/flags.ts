import { jsonFlags, tensorflowFlags } from '../shared/common-flags.js';
import { defineCommand } from '../shared/flag-table.js';
import { serverFlags } from '../shared/server-flags.js';

/** Everything about `predict-image`'s flags. */
export const predictImageCommand = defineCommand({
  name: 'predict-image',
  describe: 'Classifies image files with a model on a server or on disk.',
  operands: 'FILES',
  flags: {
    modelName: {
      type: 'string',
      help: 'Name of the model on the server',
      conflicts: {
        modelPath: 'Give --model-name for a model on a server, or --model-path for one on disk. Received: both.',
      },
    },
    protocol: {
      type: 'choice',
      choices: ['GRPC', 'REST'],
      alias: 'f',
      default: 'GRPC',
      help: 'Protocol to call the server with',
    },
    modelPath: { type: 'path', help: 'Instead of a server: directory of a model version, such as models/LenetModel/1' },
    topK: {
      type: 'integer',
      range: { min: 1, max: 1_000_000 },
      default: 5,
      help: 'Number of classes to print, most probable first',
    },
    heatmap: {
      type: 'path',
      help: 'PNG file to write: the image with a heat map of where its class was seen. For models with serving_heatmap',
    },
    heatmapClass: {
      type: 'string',
      defaultText: 'the most probable one',
      help: 'Class to look for, by name or position',
      needs: ['heatmap'],
    },
    ...serverFlags,
    ...jsonFlags,
    ...tensorflowFlags,
  },
  examples: [
    ['data/digits/test/7/0043.png --model-name LenetModel', 'the server of npm start'],
    ['*.jpg --model-name LenetModel -f REST --host 10.0.0.5', 'another server'],
    ['cat.jpg --model-path models/ResnetModel/1 --heatmap seen.png', 'where the cat is'],
    ['seven.png --model-path models/LenetModel/1 --top-k 1', 'without a server'],
  ],
});
