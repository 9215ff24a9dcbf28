import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { eventFileOf, readValues } from '../helpers/training/read-event-file.js';
import { type CommandLineResult, runCommandLine, toArguments } from '../helpers/run-command-line.js';
import { runInProcess } from '../helpers/run-in-process.js';
import { copyDigits, type SmallDigits } from '../helpers/data/small-digits.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

let folder: string;
let digits: SmallDigits;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  digits = copyDigits(folder, { classes: 3, images: 20 });
});

function trainModel(flags: Readonly<Record<string, string | number>>, run = runInProcess): Promise<CommandLineResult> {
  const paths = {
    'train-dataset-path': digits.train,
    'test-dataset-path': digits.test,
    'num-epochs': 2,
    'model-type': 'LenetModel',
  };
  return run('train-model', toArguments({ ...paths, 'model-folder-path': path.join(folder, 'models'), ...flags }));
}

describe('train-model', () => {
  it('trains with every flag, writes for TensorBoard and calls a callback of a file', async () => {
    const callbacks = path.join(folder, 'my-callbacks.ts');
    const code = `import type { tf } from '../../src/index.js';
      export default { onEpochEnd: (epoch: number, logs: tf.Logs) => console.error('mine: epoch ' + epoch, Object.keys(logs).sort().join()) };`;
    writeFileSync(callbacks, code);
    const flags = {
      optimizer: 'sgd',
      momentum: 0.9,
      'learning-rate': 0.01,
      'learning-rate-schedule': 'cosine',
      'warmup-epochs': 1,
      'weight-decay': 0.001,
      'clip-norm': 1,
      'gradient-accumulation-steps': 2,
      'label-smoothing': 0.1,
      'class-weights': 'balanced',
      tensorboard: path.join(folder, 'logs'),
      callbacks,
      augment: 'flip,rotation=0.05,mixup',
    };
    const { code: exitCode, stderr } = await trainModel(flags, runCommandLine);
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toMatch(/^mine: epoch 0 .*accuracy,.*loss,val_accuracy,val_loss$/m);
    const train = readValues(eventFileOf(path.join(folder, 'logs', 'train')));
    const rates = train.filter(({ tag }) => tag === 'epoch_learning_rate').map(({ tensor }) => tensor.floatVal[0]);
    expect(rates).toHaveLength(2);
    expect(rates[0]).toBeCloseTo(0.01, 6);
    expect(new Set(train.map(({ plugin }) => plugin))).toEqual(new Set(['images', 'scalars', 'histograms']));
    expect(readdirSync(path.join(folder, 'logs')).sort()).toEqual(['train', 'validation']);
    expect(readdirSync(path.join(folder, 'logs', 'train'))).toContain('projector_config.pbtxt');
    const version = path.join(folder, 'models', 'LenetModel', '1');
    const saved = JSON.parse(readFileSync(path.join(version, 'assets.extra', 'arguments.json'), 'utf8')) as object;
    expect(saved).toMatchObject({ optimizer: 'sgd', momentum: 0.9, labelSmoothing: 0.1, classWeights: 'balanced' });
    expect(saved).toMatchObject({ augment: 'flip,rotation=0.05,mixup' });
  });

  it('says which flags it cannot use, before it looks at the images', async () => {
    const { code, stderr } = await trainModel({
      'train-dataset-path': '/nowhere',
      momentum: 0.5,
      'label-smoothing': 1,
      'clip-norm': 0,
      'weight-decay': -1,
      'gradient-accumulation-steps': 0.5,
      'warmup-epochs': -1,
    });
    expect(code).toBe(2);
    expect(stderr).toBe(
      'train-model: --warmup-epochs is 0 or more. Received: -1.\n' +
        '--weight-decay is 0 or more. Received: -1.\n' +
        '--clip-norm is more than 0. Received: 0.\n' +
        '--gradient-accumulation-steps is a whole number from 1. Received: 0.5.\n' +
        '--label-smoothing is 0 or more and below 1. Received: 1.\n' +
        '--momentum is only for --optimizer sgd or rmsprop. Received: 0.5 with --optimizer adam.\n' +
        'See train-model --help\n',
    );
    const missing = await trainModel({ 'train-dataset-path': '/nowhere', callbacks: 'no/such.ts' });
    expect([missing.code, missing.stderr]).toEqual([
      2,
      'train-model: --callbacks names the file no/such.ts, which does not exist.\nSee train-model --help\n',
    ]);
  });
});
