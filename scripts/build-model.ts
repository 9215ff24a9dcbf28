#!/usr/bin/env node
import { runCommand } from './run-command.js';

await runCommand({
  name: 'build-model',
  describe: 'Makes a TensorFlow SavedModel of weights that are trained already, ready to be served. Trains nothing.',
  options: {
    'model-type': {
      type: 'string',
      demandOption: true,
      describe: 'LenetModel, ResnetModel, MobileNetModel, InceptionModel, or your own: path/to/model.ts#ClassName',
    },
    weights: {
      type: 'string',
      demandOption: true,
      describe: 'Weight file of Keras with its last layer, directory of a SavedModel, or imagenet: downloaded',
    },
    labels: { type: 'string', demandOption: true, describe: "Text file, a class name a line, in the weights' order" },
    'model-folder': { type: 'string', default: 'models', describe: 'Where FOLDER/TYPE/VERSION is written' },
    'model-version': { type: 'number', describe: 'Version, a whole number [default: the next free one]' },
    'input-width': { type: 'number', describe: "Pixels images are resized to [default: the architecture's]" },
    'input-height': { type: 'number', describe: "Pixels images are resized to [default: the architecture's]" },
    alpha: { type: 'number', describe: 'How wide a MobileNetModel is: 0.35 to 1.4 [default: 1]' },
    overwrite: { type: 'boolean', default: false, describe: 'Replace a version that exists' },
    json: { type: 'boolean', default: false, describe: 'Print what was built as JSON' },
    verbose: { type: 'boolean', default: false, describe: "Show TensorFlow's own log" },
  },
  examples: [
    [
      '--model-type InceptionModel --weights imagenet --labels imagenet.txt',
      "Keras Applications' weights, with the 1000 classes of ImageNet",
    ],
  ],
  handler: async ({ json, verbose, ...options }) => {
    if (verbose) process.env.TF_CPP_MIN_LOG_LEVEL = '0';
    const { buildModel } = await import('../src/commands/build-model/run.js');
    const { buildModelText } = await import('../src/commands/build-model/print.js');
    const result = await buildModel(options);
    process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : buildModelText(result, options.modelFolder));
  },
});
