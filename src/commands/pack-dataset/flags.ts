import { imageFlags, jsonFlags } from '../shared/common-flags.js';
import { sampleFlags } from '../shared/dataset-flags.js';
import { defineCommand } from '../shared/flag-table.js';

/** Everything about `pack-dataset`'s flags. */
export const packDatasetCommand = defineCommand({
  name: 'pack-dataset',
  describe:
    'Packs images into shards: a few large files that are copied and read faster than many small ones. train-model, eval-model and check-dataset read them in place of a folder. Run the same command again to continue an interrupted run.',
  flags: {
    datasetPath: {
      type: 'path',
      requiredUnless: ['list'],
      help: 'Folder with one folder of images per class, or shards to pack again',
      conflicts: { list: 'Give --dataset-path for a folder, or --list for a list. Received: both.' },
    },
    list: {
      type: 'path',
      help: 'Instead of a folder: a list of images with their labels, as for train-model --train-list',
    },
    output: { type: 'path', required: true, help: 'Folder for the shards; created if it does not exist' },
    format: {
      type: 'choice',
      choices: ['tfrecord', 'webdataset'],
      default: 'tfrecord',
      help: 'TFRecord files of tf.Examples, or tar archives as WebDataset reads them',
    },
    shardSize: {
      type: 'number',
      range: { above: 0, max: 10_000 },
      default: 128,
      help: 'Approximate size of a shard in MiB',
    },
    resize: {
      type: 'integer',
      range: { min: 8, max: 10_000 },
      defaultText: 'images are not changed',
      help: 'Reduce images whose shorter side has more pixels than this',
    },
    seed: { type: 'integer', default: 42, help: 'Seed for the order of the images in the shards' },
    ...sampleFlags,
    ...imageFlags,
    ...jsonFlags,
  },
  examples: [
    ['--dataset-path data/digits/train --output packed/train', 'the bundled digits as TFRecord'],
    ['--dataset-path photos --output packed --format webdataset --resize 256', 'photographs as tar, reduced in size'],
  ],
});
