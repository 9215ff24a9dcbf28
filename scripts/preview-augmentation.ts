#!/usr/bin/env node
import { runCommand } from './run-command.js';

await runCommand({
  name: 'preview-augmentation',
  describe:
    'Draws what a training sees: images as they are on the left, and what its first steps make of them, as train-model with the same flags.',
  options: {
    'train-dataset-path': { type: 'string', demandOption: true, describe: 'Folder with a folder of images a class' },
    augment: {
      type: 'string',
      demandOption: true,
      describe: 'What is done to the images: flip,rotation=0.05,zoom=0.2',
    },
    output: {
      type: 'string',
      default: 'augmentation.png',
      describe: 'The picture, a PNG file; replaced if it is there',
    },
    images: { type: 'number', default: 8, describe: 'Rows: images of the first batch' },
    steps: { type: 'number', default: 8, describe: 'Columns: the first steps of a training' },
    'model-type': { type: 'string', default: 'ResnetModel', describe: 'Whose size the images get, as for train-model' },
    'input-width': { type: 'number', describe: "Pixels images are resized to [default: the architecture's]" },
    'input-height': { type: 'number', describe: "Pixels images are resized to [default: the architecture's]" },
    'batch-size': { type: 'number', default: 32, describe: 'Images a step' },
    'validation-split': { type: 'number', default: 0.2, describe: 'Part of the training images for validation' },
    seed: { type: 'number', default: 42, describe: 'As for train-model' },
    'on-bad-image': { choices: ['fail', 'skip'], default: 'fail', describe: 'What an unusable image does' },
    verbose: { type: 'boolean', default: false, describe: "Show TensorFlow's own log" },
  },
  examples: [
    [
      '--train-dataset-path data/digits/train --model-type LenetModel --augment rotation=0.05,translation=0.1',
      'the bundled digits',
    ],
  ],
  handler: async ({ verbose, ...options }) => {
    if (verbose) process.env.TF_CPP_MIN_LOG_LEVEL = '0';
    const { previewAugmentation } = await import('../src/commands/preview-augmentation/run.js');
    const onBadImage = options.onBadImage === 'skip' ? 'skip' : 'fail';
    const { output, classNames, steps, imageSize } = await previewAugmentation({ ...options, onBadImage });
    const size = `${imageSize[0]} x ${imageSize[1]} pixels`;
    process.stdout.write(`${output}: ${classNames.length} images of ${size}, as they are and in ${steps} steps\n`);
    process.stdout.write(`from the top: ${classNames.join(', ')}\n`);
  },
});
