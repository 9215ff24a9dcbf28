import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { writeLegacyWeights } from '../test/helpers/write-legacy-weights.js';
import { startFromWeights } from '../src/commands/start-from-weights.js';
import { InceptionModel } from '../src/models/inception-model.js';
import { loadKerasWeights } from '../src/models/keras/load-keras-weights.js';
import * as tf from '../src/tensorflow/tf.js';
import { loadBundledInception } from './fine-tune/bundled-inception.js';
import { evaluate, type Flags, runCommand, type TestFigures } from './fine-tune/commands.js';
import { compareFeatures } from './fine-tune/compare-features.js';
import { cutCrops } from './fine-tune/cut-crops.js';
import { findPhotographs } from './fine-tune/photographs.js';

/**
 * `npm run bench:fine-tune`: fine-tunes an InceptionV3 that others have trained on a few crops of photographs, by the commands, with
 * the backbone frozen and then with all of it, and prints test accuracy and loss after each, beside as many epochs from random weights.
 *
 * First it proves that Signet has the weights: its features and those of the layers model that they come from are compared.
 *
 * `-- --epochs 8` is the number of epochs a stage.
 */
const flag = (name: string, fallback: number) => {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? fallback : Number(process.argv[at + 1]);
};
const epochs = flag('epochs', 8);
const [size, seed] = [139, 1];
/** The last layer of the backbone, before its average pooling. */
const last = 'mixed10';
const mostDifference = 1e-3;

const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-bench-'));
const [crops, models, weights] = ['crops', 'models', 'inception_v3.h5'].map((name) => path.join(folder, name)) as [
  string,
  string,
  string,
];
const shortened = (text: string) => text.replaceAll(`${folder}${path.sep}`, '');
try {
  const photographs = await findPhotographs();
  await proveWeights(photographs.slice(0, 3).map(({ file }) => file));
  await cutCrops(photographs, crops, { size: 56, train: 16, test: 10, seed });
  const rows = await train(photographs.map(({ name }) => name));
  console.log(
    `\n${photographs.length} photographs, 16 crops each to train on and 10 to test with; ${epochs} epochs a stage`,
  );
  console.log(''.padEnd(44) + ['test accuracy', 'test loss'].map((title) => title.padStart(15)).join(''));
  for (const [name, { accuracy, loss }] of rows) {
    console.log(name.padEnd(44) + [accuracy, loss].map((value) => value.toFixed(4).padStart(15)).join(''));
  }
} finally {
  await rm(folder, { recursive: true });
}

/** Writes the weight file and compares what comes of it with where it comes from. */
async function proveWeights(images: readonly string[]): Promise<void> {
  const whole = await loadBundledInception();
  // As Keras publishes a backbone: without the head.
  const published = tf.model({ inputs: whole.inputs, outputs: whole.getLayer(last).output });
  await writeLegacyWeights(published, weights);
  const own = new InceptionModel({ classNames: ['a', 'b'], seed });
  const { by, loaded } = await loadKerasWeights(own, weights);
  const difference = await compareFeatures(published, own, images);
  [whole, own].forEach((model) => model.dispose());
  const { largestDifference, largestFeature, betweenImages } = difference;
  const relative = largestDifference / largestFeature;
  console.log(`weights of ${loaded.length} layers, by ${by}; features of ${images.length} photographs at 299 x 299:`);
  console.log(
    `  largest difference ${largestDifference.toExponential(1)}, ${relative.toExponential(1)} of the largest feature`,
  );
  console.log(`  (two photographs differ by up to ${(betweenImages / largestFeature).toFixed(2)} of it)`);
  if (!(relative <= mostDifference))
    throw new Error(`The features differ by more than ${mostDifference} of the largest.`);
}

async function train(classNames: readonly string[]): Promise<[name: string, figures: TestFigures][]> {
  const version = (n: number) => path.join(models, 'InceptionModel', String(n));
  const test = (directory: string) => evaluate(directory, path.join(crops, 'test'), shortened);
  const start = path.join(folder, 'start', '1');
  await saveStart(classNames, start);
  const pretrained = { 'pretrained-weights': version(1), 'learning-rate': 1e-4, 'num-epochs': epochs } as const;
  await trainModel({
    'pretrained-weights': weights,
    'freeze-backbone': true,
    'learning-rate': 0.01,
    'num-epochs': epochs,
  });
  await trainModel(pretrained);
  await trainModel({ ...pretrained, 'freeze-batch-normalization': true });
  await trainModel({ 'num-epochs': 2 * epochs });
  return [
    ['start: an untrained head', await test(start)],
    ['backbone frozen', await test(version(1))],
    ['then all of it, averages kept', await test(version(3))],
    ['or all of it, averages of the batches', await test(version(2))],
    ['random weights, as many epochs', await test(version(4))],
  ];
}

/** What the frozen stage begins with: the same seed gives the same head. */
async function saveStart(classNames: readonly string[], directory: string): Promise<void> {
  const model = new InceptionModel({ classNames, seed, inputHeight: size, inputWidth: size });
  await startFromWeights(model, weights);
  await model.save(directory);
  model.dispose();
}

async function trainModel(flags: Flags): Promise<void> {
  const sets = { 'train-dataset-path': path.join(crops, 'train'), 'test-dataset-path': path.join(crops, 'test') };
  const own = { 'model-folder-path': models, 'input-width': size, 'input-height': size, 'batch-size': 16, seed };
  const usual = {
    'model-type': 'InceptionModel',
    ...sets,
    ...own,
    'validation-split': 0.25,
    patience: 2 * epochs,
    jit: 'graph',
  };
  console.error(await runCommand('train-model', { ...usual, ...flags }, shortened));
}
