import { fileURLToPath } from 'node:url';

import { python } from '../test/helpers/python/python.js';
import { numberFlag } from './number-flag.js';
import { measureCommand } from './train/measure-command.js';

/**
 * `npm run bench:train:memory`: how much memory a training of all layers of MobileNetV2 takes at most, on the bundled photographs in batches of 32:
 * `train-model` of the package, with its evaluation and report, with and without `--recompute`, against a Keras 3 script with the same optimizer.
 * `-- --epochs 2` are the epochs.
 */
const epochs = numberFlag('epochs', 2);
const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const [train, test] = [file('../data/clothing/train'), file('../data/clothing/test')];
const trainModel = (folder: string) => [
  ...[process.execPath, file('../dist/src/commands/train-model/main.js'), '--model-type', 'MobileNetModel'],
  ...['--train-dataset-path', train, '--test-dataset-path', test, '--model-folder-path', folder],
  ...['--pretrained-weights', 'none', '--num-epochs', String(epochs), '--validation-split', '0.1'],
  ...['--optimizer', 'adamw', '--learning-rate', '0.0003', '--weight-decay', '0.02', '--use-ema'],
  ...['--augment', 'flip'],
];
const sides: Readonly<Record<string, (folder: string) => string[]>> = {
  Signet: trainModel,
  'Signet, --recompute': (folder) => [...trainModel(folder), '--recompute'],
  Keras: (folder) => [python, file('./train/keras_all_layers.py'), train, folder, String(epochs)],
};
for (const [name, command] of Object.entries(sides)) {
  const { seconds, peakMebibytes } = await measureCommand(command);
  console.log(`${name.padEnd(20)} at most ${peakMebibytes.toFixed(0)} MiB, ${seconds.toFixed(0)} s`);
}
