import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { checkSameClasses } from '../data/check-same-classes.js';
import { listProblems } from '../data/describe-problems.js';
import { ImageDataset } from '../data/image-dataset.js';
import type { OnBadImage } from '../data/scan-report.js';
import { splitFiles } from '../data/split-files.js';
import { SignetError } from '../errors.js';
import type { ImageClassifierModel } from '../models/image-classifier-model.js';
import { makeModel } from '../models/make-model.js';
import { findModelType, type ModelType } from '../models/model-types.js';
import * as tf from '../tensorflow/tf.js';
import { CSVLogger } from '../training/callbacks/csv-logger.js';
import { EarlyStopping } from '../training/callbacks/early-stopping.js';
import { ModelCheckpoint } from '../training/callbacks/model-checkpoint.js';
import { Progress } from '../training/callbacks/progress.js';
import { TensorBoard } from '../training/callbacks/tensor-board.js';
import { TerminateOnNaN } from '../training/callbacks/terminate-on-nan.js';
import { balancedClassWeight } from '../training/class-weight.js';
import { fit } from '../training/fit.js';
import { accuracy } from '../training/losses.js';
import { jits } from '../training/train-steps.js';
import { backboneOptions, checkBackboneOptions } from './backbone-options.js';
import { importCallbacks, loadCallbacks } from './load-callbacks.js';
import { prepareVersion } from './model-versions.js';
import { learningRateCallbacks, makeLoss, makeOptimizer, type OptimizationOptions } from './optimization.js';
import { scanDataset, type ScannedDataset } from './scan-dataset.js';
import { startFromWeights } from './start-from-weights.js';

/** What `train-model` takes; the flags of the same names. */
export interface TrainModelOptions extends OptimizationOptions {
  readonly trainDatasetPath: string;
  readonly testDatasetPath: string;
  readonly modelFolderPath: string;
  /** The name of one of Signet's classes, or `path/to/model.ts#ClassName`. */
  readonly modelType: string;
  /** Default: the next free one. */
  readonly modelVersion?: number | undefined;
  /** Pixels. Default: the architecture's own. */
  readonly inputWidth?: number | undefined;
  /** Pixels. Default: the architecture's own. */
  readonly inputHeight?: number | undefined;
  /** A weight file of Keras to start from, or `imagenet`; the layer `logits` starts anew where the file has none. Default: a random start. */
  readonly pretrainedWeights?: string | undefined;
  /** Whether the backbone stays as it is and only the head is trained. Default: false. */
  readonly freezeBackbone?: boolean | undefined;
  /** The first layer of the backbone that is trained; those before it stay as they are. Default: all are trained. */
  readonly fineTuneFrom?: string | undefined;
  /** Part of the features that are dropped before the logits while training, 0 to less than 1. Default: 0. */
  readonly dropout?: number | undefined;
  readonly batchSize: number;
  readonly numEpochs: number;
  /** Epochs without a better `val_accuracy` after which training stops. */
  readonly patience: number;
  readonly learningRate: number;
  readonly validationSplit: number;
  /** One of `jits`. Default: `auto`. */
  readonly jit?: string | undefined;
  readonly seed: number;
  readonly overwrite: boolean;
  readonly onBadImage: OnBadImage;
  /** MiB of decoded images that are kept in memory. */
  readonly cache: number;
  /** `balanced` for classes that count the same, however many images they have. Default: every image counts the same. */
  readonly classWeights?: string | undefined;
  /** The folder for what TensorBoard shows. Default: none is written. */
  readonly tensorboard?: string | undefined;
  /** A file of yours whose default export is a callback, a list of them, or a function that makes them. Default: none. */
  readonly callbacks?: string | undefined;
}

/** What came of a training. */
export interface TrainModelResult {
  readonly directory: string;
  readonly epochs: number;
  /** From 1. */
  readonly bestEpoch: number;
  readonly testAccuracy: number;
  readonly testLoss: number;
  readonly seconds: number;
  readonly interrupted: boolean;
}

/**
 * Trains a classifier on class-named directories, keeps its best epoch as a SavedModel and evaluates it on the test set.
 *
 * Ctrl-C ends it after the step that runs, with the best model kept; a second one ends the process at once.
 *
 * @throws SignetError `INVALID_ARGUMENT`, `INVALID_DATASET`, `BAD_IMAGE`, `CLASSES_DIFFER`, `MODEL_EXISTS`, `CANNOT_WRITE`,
 * `INVALID_WEIGHTS`, `OFFLINE`, `DOWNLOAD_FAILED`.
 */
export async function trainModel(options: TrainModelOptions): Promise<TrainModelResult> {
  checkOptions(options);
  const start = performance.now();
  const Model = await findModelType(options.modelType);
  checkBackboneOptions(Model, options);
  if (options.callbacks !== undefined) await importCallbacks(options.callbacks);
  const directory = await prepareVersion(options.modelFolderPath, Model.name, options.modelVersion, options.overwrite);
  const trainScan = await scanDataset(options.trainDatasetPath, options.onBadImage);
  const testScan = await scanDataset(options.testDatasetPath, options.onBadImage);
  checkSameClasses(testScan.scan.classNames, trainScan.scan.classNames, {
    found: `the test set ${options.testDatasetPath}`,
    expected: `the training set ${options.trainDatasetPath}`,
  });
  const model = makeTrainable(Model, trainScan.scan.classNames, options);
  if (options.pretrainedWeights !== undefined) await startFromWeights(model, options.pretrainedWeights);
  const datasets = await makeDatasets(model, trainScan, testScan, options);
  process.stderr.write(`training ${trainedPart(model)} on ${datasets.train.imageCount} images, `);
  process.stderr.write(`validating on ${datasets.validation.imageCount}\n`);
  const skipped = () => skippedList([trainScan, testScan], Object.values(datasets));
  const run = await fitModel(model, directory, datasets, options, skipped);
  const [testLoss, testAccuracy] = await evaluate(model, datasets.test);
  // Images of the test set that do not decode are known only now.
  if (skipped() !== '') await writeFile(path.join(directory, 'assets.extra', 'skipped-images.tsv'), skipped());
  Object.values(datasets).forEach((dataset) => dataset.dispose());
  model.optimizer.dispose();
  model.dispose();
  const seconds = (performance.now() - start) / 1000;
  return { directory, ...run, testAccuracy, testLoss, seconds };
}

function makeTrainable(
  Model: ModelType,
  classNames: readonly string[],
  options: TrainModelOptions,
): ImageClassifierModel {
  const { seed, inputHeight, inputWidth } = options;
  return makeModel(Model, {
    classNames,
    seed,
    ...(inputHeight !== undefined && { inputHeight }),
    ...(inputWidth !== undefined && { inputWidth }),
    ...backboneOptions(options),
  });
}

/** `MobileNetModel`, with how much of it is trained when a part is frozen. */
function trainedPart(model: ImageClassifierModel): string {
  const count = (weights: tf.LayersModel['weights']) =>
    weights.reduce((sum, { shape }) => sum + tf.util.sizeFromShape(shape as number[]), 0);
  const { name } = model.constructor;
  if (model.layers.every(({ trainable, weights }) => trainable || weights.length === 0)) return name;
  const [trained, all] = [model.trainableWeights, model.weights].map((weights) => count(weights).toLocaleString('en'));
  return `${trained} of ${all} parameters of ${name}`;
}

type Datasets = Readonly<Record<'train' | 'validation' | 'test', ImageDataset>>;

async function makeDatasets(
  model: ImageClassifierModel,
  train: ScannedDataset,
  test: ScannedDataset,
  { batchSize, seed, validationSplit, onBadImage, cache }: TrainModelOptions,
): Promise<Datasets> {
  const common = { imageSize: model.imageSize, batchSize, seed, onBadImage, cacheMebibytes: cache };
  const side = (subset: 'training' | 'validation') => splitFiles(train.scan, { validationSplit, subset, seed });
  return {
    train: await ImageDataset.create(side('training'), common),
    validation: await ImageDataset.create(side('validation'), { ...common, shuffle: false }),
    test: await ImageDataset.create(test.scan, { ...common, shuffle: false, cacheMebibytes: 0 }),
  };
}

/** What the scans left out, then what did not decode. */
function skippedList(scans: readonly ScannedDataset[], datasets: readonly ImageDataset[]): string {
  const undecodable = datasets.flatMap((dataset) => dataset.skipped);
  return [...scans.map(({ skippedList: list }) => list), listProblems(undecodable)].join('');
}

async function fitModel(
  model: ImageClassifierModel,
  directory: string,
  { train, validation }: Datasets,
  options: TrainModelOptions,
  skipped: () => string,
): Promise<Pick<TrainModelResult, 'epochs' | 'bestEpoch' | 'interrupted'>> {
  const { learningRate, numEpochs, patience } = options;
  model.compile({
    optimizer: makeOptimizer(options, { learningRate, numEpochs, stepsPerEpoch: train.size }),
    // TF.js's typings know loss functions; its metrics' types are not exported.
    loss: makeLoss(options),
    metrics: [accuracy],
  });
  const history = new CSVLogger();
  const assetsExtra = () => ({
    'arguments.json': `${JSON.stringify(options, null, 2)}\n`,
    'history.csv': history.text,
    ...(skipped() !== '' && { 'skipped-images.tsv': skipped() }),
  });
  const monitor = 'val_accuracy';
  const checkpoint = new ModelCheckpoint(directory, {
    monitor,
    saveBestOnly: true,
    save: (filepath) => model.save(filepath, { assetsExtra: assetsExtra() }),
  });
  const earlyStopping = new EarlyStopping({ monitor, patience, restoreBestWeights: true });
  const progress = new Progress({ epochs: numEpochs, images: train.imageCount });
  const first = [new TerminateOnNaN(), ...learningRateCallbacks(options, patience)];
  const last = await furtherCallbacks(model, directory, validation, options);
  const interrupt = stopOnInterrupt(model);
  try {
    const callbacks = [...first, progress, history, checkpoint, earlyStopping, ...last];
    const classWeight = options.classWeights === 'balanced' ? balancedClassWeight(train.classCounts) : {};
    const { epoch } = await fit(model, train, {
      epochs: numEpochs,
      validationData: validation,
      callbacks,
      classWeight,
      jit: jits.find((jit) => jit === options.jit) ?? 'auto',
    });
    if (checkpoint.saved === 0) throw nothingSaved(interrupt.happened());
    await writeFile(path.join(directory, 'assets.extra', 'history.csv'), history.text);
    return { epochs: epoch.length, bestEpoch: earlyStopping.bestEpoch + 1, interrupted: interrupt.happened() };
  } finally {
    interrupt.remove();
  }
}

/** TensorBoard, with the first images of the validation, whose order never changes; then the user's own. */
async function furtherCallbacks(
  model: ImageClassifierModel,
  directory: string,
  validation: ImageDataset,
  { tensorboard, callbacks }: TrainModelOptions,
): Promise<tf.Callback[]> {
  const board =
    tensorboard === undefined
      ? []
      : [new TensorBoard({ logDir: tensorboard, histogramFreq: 1, sampleImages: validation })];
  return [...board, ...(callbacks === undefined ? [] : await loadCallbacks(callbacks, { model, directory }))];
}

function nothingSaved(interrupted: boolean): SignetError {
  const reason = interrupted
    ? 'Training was interrupted before its first epoch was done'
    : 'No epoch gave a val_accuracy that is a number: the loss is NaN. Try a smaller --learning-rate';
  return new SignetError('TRAINING_STOPPED', `${reason}; no model was saved.`);
}

/** The first Ctrl-C asks the training to stop; the next ends the process, as it does by default. */
function stopOnInterrupt(model: tf.LayersModel) {
  let happened = false;
  const onInterrupt = () => {
    happened = true;
    model.stopTraining = true;
    process.stderr.write('\nstopping after this step, the best model is kept (Ctrl-C again ends at once)\n');
  };
  process.once('SIGINT', onInterrupt);
  return { happened: () => happened, remove: () => process.removeListener('SIGINT', onInterrupt) };
}

async function evaluate(model: tf.LayersModel, dataset: ImageDataset): Promise<[loss: number, accuracy: number]> {
  // Its typings ask for a dataset of `{}`, which nothing that holds tensors is.
  const batches = dataset as unknown as Parameters<tf.LayersModel['evaluateDataset']>[0];
  const scalars = (await model.evaluateDataset(batches, {})) as tf.Scalar[];
  const [loss = NaN, testAccuracy = NaN] = scalars.map((scalar) => scalar.dataSync()[0] ?? NaN);
  tf.dispose(scalars);
  return [loss, testAccuracy];
}

function checkOptions(options: TrainModelOptions): void {
  const problems = [
    ...(['batchSize', 'numEpochs', 'modelVersion', 'inputWidth', 'inputHeight'] as const).flatMap((name) =>
      checkNumber(name, options[name], 'a whole number from 1', (value) => Number.isSafeInteger(value) && value >= 1),
    ),
    ...checkNumber('patience', options.patience, 'a whole number from 0', (v) => Number.isSafeInteger(v) && v >= 0),
    ...checkNumber('seed', options.seed, 'a whole number from 0', (v) => Number.isSafeInteger(v) && v >= 0),
    ...checkNumber('cache', options.cache, 'MiB, 0 or more', (value) => value >= 0),
    ...checkOptimization(options),
    ...checkNumber('learningRate', options.learningRate, 'more than 0', (value) => value > 0 && Number.isFinite(value)),
    ...checkNumber('dropout', options.dropout, 'from 0 to less than 1', (value) => value >= 0 && value < 1),
    ...checkNumber('validationSplit', options.validationSplit, 'between 0 and 1', (value) => value > 0 && value < 1),
  ];
  if (problems.length > 0) throw new SignetError('INVALID_ARGUMENT', problems.join('\n'));
}

function checkOptimization(options: TrainModelOptions): string[] {
  const isPart = (value: number) => value >= 0 && value < 1;
  const { classWeights, gradientAccumulationSteps } = options;
  return [
    ...checkNumber('momentum', options.momentum, '0 or more and below 1', isPart),
    ...checkNumber('labelSmoothing', options.labelSmoothing, '0 or more and below 1', isPart),
    ...checkNumber('weightDecay', options.weightDecay, '0 or more', (value) => value >= 0 && Number.isFinite(value)),
    ...checkNumber('clipNorm', options.clipNorm, 'more than 0', (value) => value > 0 && Number.isFinite(value)),
    ...checkNumber('warmupEpochs', options.warmupEpochs, '0 or more', (value) => value >= 0 && Number.isFinite(value)),
    ...checkNumber(
      ...(['gradientAccumulationSteps', gradientAccumulationSteps, 'a whole number from 1'] as const),
      (value) => Number.isSafeInteger(value) && value >= 1,
    ),
    ...(options.momentum === undefined || ['sgd', 'rmsprop'].includes(options.optimizer ?? 'adam')
      ? []
      : [
          `--momentum is of sgd and rmsprop. Received: ${options.momentum} with --optimizer ${options.optimizer ?? 'adam'}.`,
        ]),
    ...(classWeights === undefined || classWeights === 'balanced'
      ? []
      : [`--class-weights is balanced, or left out. Received: ${classWeights}.`]),
  ];
}

function checkNumber(
  name: string,
  value: number | undefined,
  expected: string,
  isGood: (value: number) => boolean,
): string[] {
  if (value === undefined || isGood(value)) return [];
  const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return [`--${flag} is ${expected}. Received: ${value}.`];
}
