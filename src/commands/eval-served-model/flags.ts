import { imageFlags, jsonFlags, preprocessingFlags, tensorflowFlags } from '../shared/common-flags.js';
import { testFlags } from '../shared/dataset-flags.js';
import { defineCommand } from '../shared/flag-table.js';
import { serverFlags } from '../shared/server-flags.js';

/** Everything about `eval-served-model`'s flags. */
export const evalServedModelCommand = defineCommand({
  name: 'eval-served-model',
  describe:
    "Evaluates a model on a server, Signet's or TensorFlow Serving, on a folder with one folder of images per class, or on a list: over gRPC and REST, with files and with decoded pixels.",
  flags: {
    ...testFlags,
    modelName: { type: 'string', required: true, help: 'Name of the model on the server' },
    protocol: {
      type: 'choice',
      choices: ['GRPC', 'REST'],
      alias: 'f',
      defaultText: 'both',
      help: 'Protocol to call the server with',
    },
    ...serverFlags,
    inputWidth: {
      type: 'integer',
      range: { min: 1, max: 16_384 },
      needs: ['inputHeight'],
      defaultText: 'not resized',
      help: 'Width that decoded images are resized to, in pixels',
    },
    inputHeight: {
      type: 'integer',
      range: { min: 1, max: 16_384 },
      needs: ['inputWidth'],
      defaultText: 'not resized',
      help: 'Height that decoded images are resized to, in pixels',
    },
    ...preprocessingFlags,
    batchSize: { type: 'integer', range: { min: 1, max: 65_536 }, default: 1, help: 'Images per request' },
    concurrency: { type: 'integer', range: { min: 1, max: 1024 }, default: 1, help: 'Number of requests in flight' },
    ...imageFlags,
    ...jsonFlags,
    ...tensorflowFlags,
  },
  examples: [
    ['--test-dataset-path data/digits/test --model-name LenetModel', 'the model served by npm start'],
    [
      '--host 10.0.0.5 --model-name LenetModel --test-dataset-path data/digits/test --concurrency 8',
      'eight requests at a time',
    ],
  ],
});
