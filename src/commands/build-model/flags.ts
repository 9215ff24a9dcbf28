import {
  architectures,
  heatmapFlags,
  inputSizeFlags,
  jsonFlags,
  preprocessingFlags,
  tensorflowFlags,
  variantFlags,
} from '../shared/common-flags.js';
import { defineCommand } from '../shared/flag-table.js';

/** Everything about `build-model`'s flags. */
export const buildModelCommand = defineCommand({
  name: 'build-model',
  describe: 'Builds a TensorFlow SavedModel from existing weights, ready to serve, without training.',
  flags: {
    modelType: {
      type: 'string',
      required: true,
      help: `${architectures}, or your own class: path/to/model.ts#ClassName`,
    },
    weights: {
      type: 'path',
      words: ['imagenet'],
      required: true,
      help: 'Keras weight file or PyTorch .pth file that includes the last layer, directory of a SavedModel, or imagenet, which is downloaded',
    },
    labels: {
      type: 'path',
      required: true,
      help: "Text file with one class name per line, in the order of the weights' outputs",
    },
    multiLabel: {
      type: 'boolean',
      default: false,
      help: 'For weights trained with a sigmoid per class: an image may have several classes, or none',
    },
    modelFolder: {
      type: 'path',
      default: 'models',
      help: 'Folder for models; this one is written to FOLDER/TYPE/VERSION',
    },
    modelVersion: {
      type: 'integer',
      range: { min: 1 },
      defaultText: 'the next free one',
      help: 'Version of the model',
    },
    ...inputSizeFlags,
    ...preprocessingFlags,
    ...variantFlags,
    ...heatmapFlags,
    overwrite: { type: 'boolean', default: false, help: 'Replace the version if it exists' },
    ...jsonFlags,
    ...tensorflowFlags,
  },
  examples: [
    [
      '--model-type InceptionModel --weights imagenet --labels imagenet.txt',
      "Keras Applications' weights, with the 1000 classes of ImageNet",
    ],
  ],
});
