import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { ImageDataset } from '../../data/dataset/image-dataset.js';
import { SignetError } from '../../errors.js';
import { evaluateClassifier } from '../../evaluation/evaluate-classifier.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import { makeModel } from '../../models/make-model.js';
import { findModelType, type ModelType } from '../../models/model-types.js';
import * as tf from '../../tensorflow/tf.js';
import { BackupAndRestore } from '../../training/callbacks/backup-and-restore.js';
import { CSVLogger } from '../../training/callbacks/csv-logger.js';
import { EarlyStopping } from '../../training/callbacks/early-stopping.js';
import { ModelCheckpoint } from '../../training/callbacks/model-checkpoint.js';
import { Progress } from '../../training/callbacks/progress.js';
import { TensorBoard } from '../../training/callbacks/tensor-board.js';
import { TerminateOnNaN } from '../../training/callbacks/terminate-on-nan.js';
import { balancedClassWeight } from '../../training/class-weight.js';
import { fit } from '../../training/fit.js';
import { jits } from '../../training/steps/train-steps.js';
import { backboneOptions, checkBackboneOptions } from '../shared/backbone-options.js';
import { bestSavedValue } from './best-saved-value.js';
import { compileClassifier } from './compile-classifier.js';
import { checkTestClasses } from './check-test-classes.js';
import { disposeCompiled } from '../shared/dispose-compiled.js';
import { assertSameImages, InterruptedTraining } from './interrupted-training.js';
import { importCallbacks, loadCallbacks } from './load-callbacks.js';
import { prepareVersion } from './model-versions.js';
import { noteInterrupted } from './note-interrupted.js';
import { learningRateCallbacks, makeLoss } from './optimization.js';
import { parseAugmentation } from '../shared/parse-augmentation.js';
import { argumentsJson } from './remembered-options.js';
import { resumeFlags } from './resume-flags.js';
import { scanDataset } from '../shared/scan-dataset.js';
import type { ShellFlags } from '../shared/shell-command.js';
import { startFromWeights } from './start-from-weights.js';
import { stopOnInterrupt } from '../../files/stop-on-interrupt.js';
import {
  completeTrainModelOptions,
  type GivenTrainModelOptions,
  type TrainModelOptions,
} from './train-model-options.js';
import { makeTrainingDatasets, skippedList, type TrainingDatasets } from './training-datasets.js';
import { writeTrainingReport } from './training-report.js';

/** What came of a training. */
export interface TrainModelResult {
  readonly directory: string;
  readonly testDatasetPath: string;
  readonly epochs: number;
  /** From 1; null when it was interrupted before any epoch was done, and no model was saved. */
  readonly bestEpoch: number | null;
  /** Of the best epoch; null without one. */
  readonly test: { readonly accuracy: number; readonly loss: number } | null;
  /** Of this run. */
  readonly seconds: number;
  readonly interrupted: boolean;
  /** A page for a browser; null where it could not be written, or there is no model yet. */
  readonly report: string | null;
  /** The flags of `train-model` that go on; null when it is done. */
  readonly resume: ShellFlags | null;
}

/**
 * Trains a classifier on class-named directories, keeps its best epoch as a SavedModel, evaluates it on the test set and
 * writes a report.
 *
 * Ctrl-C ends it after the step that runs, with the best model kept; a second one ends the process at once. `resumeTraining` goes on, also
 * after a crash.
 *
 * @param resumed The training to go on with, of the same options. Default: it begins.
 * @throws SignetError `INVALID_ARGUMENT`, `INVALID_DATASET`, `BAD_IMAGE`, `CLASSES_DIFFER`, `MODEL_EXISTS`, `CANNOT_WRITE`,
 * `INVALID_WEIGHTS`, `OFFLINE`, `DOWNLOAD_FAILED`, `INVALID_TRAINING_STATE`.
 */
export async function trainModel(
  given: GivenTrainModelOptions,
  resumed: InterruptedTraining | null = null,
): Promise<TrainModelResult> {
  const options = completeTrainModelOptions(given);
  const start = performance.now();
  const Model = await findModelType(options.modelType);
  checkBackboneOptions(Model, options);
  if (options.callbacks !== undefined) await importCallbacks(options.callbacks);
  const { modelFolderPath, modelVersion, overwrite } = options;
  const directory = await prepareVersion(modelFolderPath, Model.name, modelVersion, overwrite || resumed !== null);
  if (!resumed) await noteInterrupted(path.dirname(directory));
  const trainScan = await scanDataset(options.trainDatasetPath, options.onBadImage);
  const testScan = await scanDataset(options.testDatasetPath, options.onBadImage);
  checkTestClasses(testScan, trainScan, options);
  if (resumed) assertSameImages(resumed, trainScan.scan);
  const model = makeTrainable(Model, trainScan.scan.classNames, options);
  const startsAnew = resumed?.hasState !== true;
  if (startsAnew && options.pretrainedWeights !== undefined) await startFromWeights(model, options.pretrainedWeights);
  const datasets = await makeTrainingDatasets(model, trainScan, testScan, options);
  process.stderr.write(`training ${trainedPart(model)} on ${datasets.train.imageCount} images, `);
  process.stderr.write(`validating on ${datasets.validation.imageCount}\n`);
  const skipped = () => skippedList([trainScan, testScan], Object.values(datasets));
  const training = await (resumed?.takeOver() ?? InterruptedTraining.begin(directory, options, trainScan.scan));
  const { history, ...run } = await fitModel(model, training, datasets, options, skipped);
  const { bestEpoch } = run;
  const evaluation = bestEpoch === null ? null : await evaluateClassifier(model, datasets.test, makeLoss(options));
  // Images of the test set that do not decode are known only now.
  if (evaluation && skipped() !== '')
    await writeFile(path.join(directory, 'assets.extra', 'skipped-images.tsv'), skipped());
  Object.values(datasets).forEach((dataset) => dataset.dispose());
  disposeCompiled(model);
  const seconds = (performance.now() - start) / 1000;
  const images = { train: datasets.train.imageCount, validation: datasets.validation.imageCount };
  const finished = { directory, options, images, history, ...run, seconds, skippedList: skipped() };
  const test = evaluation && { accuracy: evaluation.result.accuracy, loss: evaluation.loss };
  const report =
    evaluation && bestEpoch !== null ? await writeTrainingReport({ ...finished, bestEpoch, evaluation }) : null;
  const resume = run.interrupted ? resumeFlags(options, path.basename(directory)) : null;
  return { directory, testDatasetPath: options.testDatasetPath, ...run, test, seconds, report, resume };
}

/** A model of a class, with the sizes, the seed and the options of the flags. */
export function makeTrainable(
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

async function fitModel(
  model: ImageClassifierModel,
  training: InterruptedTraining,
  { train, validation }: TrainingDatasets,
  options: TrainModelOptions,
  skipped: () => string,
): Promise<Pick<TrainModelResult, 'epochs' | 'bestEpoch' | 'interrupted'> & { readonly history: string }> {
  const { numEpochs, patience, augment, seed } = options;
  const { directory } = training;
  compileClassifier(model, options, train.size);
  const history = new CSVLogger();
  const assetsExtra = () => ({
    'arguments.json': argumentsJson(options),
    'history.csv': history.text,
    ...(skipped() !== '' && { 'skipped-images.tsv': skipped() }),
  });
  const monitor = 'val_accuracy';
  // The model may be of an epoch after the last backup.
  const savedValue = (await training.hasSaved()) ? await bestSavedValue(directory, monitor) : null;
  const checkpoint = new ModelCheckpoint(directory, {
    monitor,
    saveBestOnly: true,
    ...(savedValue !== null && { initialValueThreshold: savedValue }),
    save: (filepath) => model.save(filepath, { assetsExtra: assetsExtra() }),
  });
  const earlyStopping = new EarlyStopping({ monitor, patience, restoreBestWeights: true });
  const progress = new Progress({ epochs: numEpochs, images: train.imageCount });
  const first = [new TerminateOnNaN(), ...learningRateCallbacks(options, patience)];
  const last = await furtherCallbacks(model, directory, validation, options);
  const backup = makeBackup(training, options);
  const interrupt = stopOnInterrupt('stopping after this step, the best model is kept');
  interrupt.signal.addEventListener('abort', () => (model.stopTraining = true));
  try {
    const callbacks = [...first, progress, history, checkpoint, earlyStopping, ...last, backup];
    const classWeight = options.classWeights === 'balanced' ? balancedClassWeight(train.classCounts) : {};
    const { epoch } = await fit(model, train, {
      epochs: numEpochs,
      validationData: validation,
      callbacks,
      classWeight,
      ...(augment !== undefined && { augmentation: parseAugmentation(augment, { imageSize: model.imageSize, seed }) }),
      jit: jits.find((jit) => jit === options.jit) ?? 'auto',
    });
    const interrupted = interrupt.signal.aborted;
    const isSaved = checkpoint.saved > 0 || savedValue !== null;
    if (isSaved) await writeFile(path.join(directory, 'assets.extra', 'history.csv'), history.text);
    if (!interrupted) await training.remove();
    if (!interrupted && !isSaved) throw nothingSaved();
    const epochs = Math.max(backup.resumedAt?.epoch ?? 0, (epoch.at(-1) ?? -1) + 1);
    return { epochs, bestEpoch: isSaved ? earlyStopping.bestEpoch + 1 : null, interrupted, history: history.text };
  } catch (error) {
    // Without a state there is nothing to go on from.
    if (!training.hasState) await training.remove();
    else process.stderr.write(`${training.folder} keeps what was trained: train-model --resume goes on with it\n`);
    throw error;
  } finally {
    interrupt.remove();
  }
}

function makeBackup({ folder }: InterruptedTraining, { backupSteps }: TrainModelOptions): BackupAndRestore {
  const within = backupSteps === undefined ? { saveSeconds: 300 } : { saveSteps: backupSteps };
  return new BackupAndRestore(folder, { ...within, deleteCheckpoint: false, verbose: 1, stream: process.stderr });
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

function nothingSaved(): SignetError {
  const reason =
    'No epoch gave a val_accuracy that is a number: the loss is NaN. Try a smaller --learning-rate; no model was saved.';
  return new SignetError('TRAINING_STOPPED', reason);
}
