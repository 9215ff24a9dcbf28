import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { startFromWeights } from '../src/commands/train-model/trainable-model.js';
import { InceptionModel } from '../src/models/inception-model.js';
import { evaluate, type Flags, runCommand } from './fine-tune/commands.js';
import { cutCrops } from './fine-tune/cut-crops.js';
import { findPhotographs } from './fine-tune/photographs.js';
import { proveWeights } from './fine-tune/prove-weights.js';
import { numberFlag } from './number-flag.js';

/**
 * `npm run bench:fine-tune`: fine-tunes a trained InceptionV3 on a few crops of photographs, with the commands, first with the backbone frozen and
 * then with all layers. Prints test accuracy and loss after each stage, next to the same number of epochs from random weights.
 *
 * First it compares Signet's features with those of the layers model that the weights come from, which proves that they were read correctly.
 *
 * `-- --epochs 8` is the number of epochs per stage.
 */
const epochs = numberFlag('epochs', 8);
const seed = 1;
const cut = { size: 56, train: 16, test: 10, seed };
/** Height and width that crops are resized to: less than InceptionV3's 299, or it would take hours. */
const inputSize = 139;

const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-bench-'));
const inFolder = (...names: string[]) => path.join(folder, ...names);
const shortened = (text: string) => text.replaceAll(`${folder}${path.sep}`, '');
const sets = { 'train-dataset-path': inFolder('train'), 'test-dataset-path': inFolder('test') };
const version = (n: number) => inFolder('models', 'InceptionModel', String(n));
const weights = inFolder('inception_v3.h5');
try {
  const photographs = await findPhotographs();
  const files = photographs.map(({ file }) => file);
  await proveWeights(weights, files.slice(0, 3));
  await cutCrops(photographs, folder, cut);
  const crops = `${cut.train} crops each to train on and ${cut.test} to test with`;
  console.log(`\n${photographs.length} photographs, ${crops}; ${epochs} epochs a stage`);
  console.log(''.padEnd(44) + ['test accuracy', 'test loss'].map((title) => title.padStart(15)).join(''));
  await saveStart(photographs.map(({ name }) => name), inFolder('start', '1')); // prettier-ignore
  await report('start: an untrained head', inFolder('start', '1'));
  await trainStages();
} finally {
  await rm(folder, { recursive: true });
}

/** Saves the model that the frozen stage begins with: the same seed gives the same head. */
async function saveStart(classNames: readonly string[], directory: string): Promise<void> {
  const model = new InceptionModel({ classNames, seed, inputHeight: inputSize, inputWidth: inputSize });
  await startFromWeights(model, weights);
  await model.save(directory);
  model.dispose();
}

async function trainStages(): Promise<void> {
  const frozen = { 'pretrained-weights': weights, 'freeze-backbone': true, 'learning-rate': 0.01 } as const;
  const thawed = { 'pretrained-weights': version(1), 'learning-rate': 0.0001 };
  await trainModel(1, { ...frozen, 'num-epochs': epochs });
  await report('backbone frozen', version(1));
  await trainModel(2, { ...thawed, 'freeze-batch-normalization': true, 'num-epochs': epochs });
  await report('then all of it, with the averages it has', version(2));
  await trainModel(3, { ...thawed, 'num-epochs': epochs });
  await report('or all of it, with averages that move', version(3));
  await trainModel(4, { 'num-epochs': 2 * epochs });
  await report('random weights, as many epochs', version(4));
}

async function trainModel(modelVersion: number, flags: Flags): Promise<void> {
  const sizes = { 'input-width': inputSize, 'input-height': inputSize, 'batch-size': 16 };
  // All epochs and a fixed way to run a step, so that the weights are the same in each run.
  const same = { 'validation-split': 0.25, patience: 2 * epochs, jit: 'graph', seed };
  const place = { 'model-folder-path': inFolder('models'), 'model-version': modelVersion };
  const usual = { 'model-type': 'InceptionModel', ...sets, ...place, ...sizes, ...same };
  console.error(await runCommand('train-model', { ...usual, ...flags }, shortened));
}

async function report(name: string, directory: string): Promise<void> {
  const { accuracy, loss } = await evaluate(directory, sets['test-dataset-path'], shortened);
  console.log(name.padEnd(44) + [accuracy, loss].map((value) => value.toFixed(4).padStart(15)).join(''));
}
