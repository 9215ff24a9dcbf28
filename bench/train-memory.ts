import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { python } from '../test/helpers/python/python.js';
import { numberFlag } from './number-flag.js';

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
  const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-bench-'));
  try {
    const args = [file('./train/measure_command.py'), ...command(folder)];
    const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' };
    const { stdout } = await promisify(execFile)(python, args, { env });
    const { seconds, peakMebibytes } = JSON.parse(stdout) as Readonly<Record<'seconds' | 'peakMebibytes', number>>;
    console.log(`${name.padEnd(20)} at most ${peakMebibytes.toFixed(0)} MiB, ${seconds.toFixed(0)} s`);
  } finally {
    await rm(folder, { recursive: true });
  }
}
