import { imageFlags, jsonFlags, tensorflowFlags } from '../shared/common-flags.js';
import { sampleFlags } from '../shared/dataset-flags.js';
import { defineCommand } from '../shared/flag-table.js';

const formats = ['litert', 'tfjs', 'onnx'];

/** Everything about `export-model`'s flags. */
export const exportModelCommand = defineCommand({
  name: 'export-model',
  describe:
    'Exports a SavedModel to other runtimes: LiteRT (TensorFlow Lite) for phones, TF.js for browsers, ONNX. Runs each file in its own runtime and compares it with the SavedModel.',
  flags: {
    modelPath: { type: 'path', required: true, help: 'Directory of a model version, such as models/LenetModel/1' },
    format: {
      type: 'words',
      required: true,
      help: `Formats to write: ${formats.join(', ')}; you can give several`,
      check: (given) => {
        if (given.length === 0) return `--format is one or several of ${formats.join(', ')}. Received: none.`;
        const wrong = given.filter((format) => !formats.includes(format));
        if (wrong.length === 0) return undefined;
        return `--format is one or several of ${formats.join(', ')}. Received: ${wrong.join(', ')}.`;
      },
    },
    output: {
      type: 'path',
      required: true,
      help: 'Folder to write to; each format gets its own folder there, which is replaced',
    },
    signature: { type: 'string', default: 'serving_default', help: 'Signature to export; it must take pixels' },
    quantize: {
      type: 'choice',
      choices: ['none', 'float16', 'dynamic', 'weights'],
      default: 'none',
      help: 'Smaller weights: float16 (all formats), dynamic int8 (litert), 8-bit weights (tfjs, onnx)',
    },
    page: {
      type: 'boolean',
      default: false,
      help: 'Also write a web page to OUTPUT/page that classifies pictures in the browser, without a server; only with tfjs',
    },
    testDatasetPath: {
      type: 'path',
      defaultText: "the test images of the model's training, otherwise noise",
      help: 'Folder with one folder of images per class, used to compare the exports with the SavedModel',
      conflicts: { testList: 'Give --test-dataset-path for a folder, or --test-list for a list. Received: both.' },
    },
    testList: { type: 'path', help: 'List of images with labels, CSV or JSON Lines, instead of --test-dataset-path' },
    ...sampleFlags,
    force: { type: 'boolean', default: false, help: 'Keep files that differ from the SavedModel by more than allowed' },
    ...imageFlags,
    ...jsonFlags,
    ...tensorflowFlags,
  },
  examples: [
    [
      '--model-path models/LenetModel/1 --format tfjs onnx litert --output exports/LenetModel --test-dataset-path data/digits/test',
      'three formats, each checked',
    ],
    [
      '--model-path models/LenetModel/1 --format tfjs --page --output web --test-dataset-path data/digits/test',
      'a page to open, or to put on any web server',
    ],
    [
      '--model-path models/ResnetModel/1 --format litert --quantize dynamic --output phone --test-dataset-path photos/test',
      'a quarter of the size',
    ],
  ],
});
