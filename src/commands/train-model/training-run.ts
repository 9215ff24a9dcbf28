import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { wordsOf } from '../../errors.js';
import { listText } from '../../data/list/list-text.js';
import type { ImageScan } from '../../data/scan/image-scan.js';
import { writeProjectorFiles } from '../../evaluation/embedding-map/projector-files.js';
import { evaluateClassifier } from '../../evaluation/evaluate-classifier.js';
import type { ConfidenceSamples } from '../../evaluation/confidence/confidence-samples.js';
import { chooseThresholds, evaluateMultiLabel } from '../../evaluation/multi-label/evaluate-multi-label.js';
import type { Fact } from '../../evaluation/report/report-content.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import { printable } from '../../text/printable.js';
import { hasBfloat16 } from '../../tensorflow/precision.js';
import { choosePrecision } from '../../training/choose-precision.js';
import { noteInterrupted } from '../../training/resume/find-interrupted-training.js';
import { InterruptedTraining } from '../../training/resume/interrupted-training.js';
import { VersionDirectory } from '../../training/resume/version-directory.js';
import { isSmall } from '../../training/steps/step-threads.js';
import type { ShellFlags } from '../shared/shell-command.js';
import { chosenConfidence, samplesOf } from './choose-confidence.js';
import { checkRecipe, epochFlagsGiven, hasRecipe } from './recipe.js';
import { optionsToRemember } from './remembered-options.js';
import { bringNamedWeights } from './starting-weights.js';
import {
  completeTrainModelOptions,
  type GivenTrainModelOptions,
  type TrainModelOptions,
} from './train-model-options.js';
import { disposeCompiled, findTrainableType, makeLoss, makeTrainable } from './trainable-model.js';
import { keepEvaluation, type KeptEvaluation } from './kept-evaluation.js';
import { modelAssets, otherFiles, testListFile } from './model-assets.js';
import { type ImageCounts, TrainingData, type TrainingSet } from './training-data.js';
import { type TrainedEvaluation, writeTrainingReport } from './training-report.js';
import { tell } from '../../text/tell.js';

/** Metrics on the test set. */
export interface TestMetrics {
  /** Part of the images that are right; where an image may have several classes, of all answers: one for each image and class. */
  readonly accuracy: number;
  readonly loss: number;
  /** Where an image may have several classes: the mean average precision; null where no image has any. */
  readonly meanAveragePrecision?: number | null;
}

/** Result of a training. */
export interface TrainModelResult {
  /** Directory of the saved version. */
  readonly directory: string;
  /** The folder of the test set; undefined where a list names its images. */
  readonly testDatasetPath?: string | undefined;
  /** The list of its images: the one that was given, or, where they were split off, the one that is written with the model. */
  readonly testList?: string | undefined;
  /** Number of epochs that were trained, those before a resume included. */
  readonly epochs: number;
  /** The best epoch, from 1; null when the training was interrupted before any epoch was done, and no model was saved. */
  readonly bestEpoch: number | null;
  /** Test metrics of the best epoch; null without one. */
  readonly test: TestMetrics | null;
  /** Duration of this run in seconds. */
  readonly seconds: number;
  /** Whether the training was interrupted before its end. */
  readonly interrupted: boolean;
  /** A page for a browser; null if it could not be written, or there is no model yet. */
  readonly report: string | null;
  /** The flags of `train-model` that continue it; null when it is done. */
  readonly resume: ShellFlags | null;
  /** What would make the model better, and what that takes; undefined where nothing is known. */
  readonly advice: string | undefined;
}

/** All that a training needs before it begins. None of it is on the disk. */
export interface PreparedTraining {
  readonly options: TrainModelOptions;
  /** Where the model goes. */
  readonly version: VersionDirectory;
  readonly data: TrainingData;
  /** Compiled, with the weights that it starts from. */
  readonly model: ImageClassifierModel;
  /** When the run began, in milliseconds on the clock of `performance.now()`. */
  readonly startTime: number;
}

/** Where a training starts: at its beginning, at its own backup, or at what workers kept. */
export interface TrainingStart {
  /** Whether the version directory is this very training's, and so may exist. */
  readonly ownsVersion: boolean;
  /** Whether it starts at its beginning; otherwise a state that was kept replaces the weights. */
  readonly isFresh: boolean;
  /** @throws SignetError `INVALID_TRAINING_STATE` when the images differ from the ones that the training began with. */
  checkImages(scan: ImageScan): void;
  /** Writes the training's folder: from then on `--resume` can continue it. */
  begin(training: PreparedTraining): Promise<InterruptedTraining>;
}

/** How a training learns: in this process, or by workers. */
export interface Learner {
  /** @throws SignetError for options that it cannot follow, and for what it lacks on this machine. */
  checkOptions(options: TrainModelOptions): Promise<void>;
  /** @throws SignetError `INVALID_DATASET` for images that it cannot read. */
  checkImages(set: TrainingSet): void;
  /** Trains the model. Afterwards it has the weights of its best epoch, and if there is one, is saved in its version directory. */
  learn(training: PreparedTraining, kept: InterruptedTraining): Promise<Learned>;
}

/** Result of a learner. */
export interface Learned {
  readonly epochs: number;
  /** The best epoch, from 1; null when nothing was saved. */
  readonly bestEpoch: number | null;
  readonly interrupted: boolean;
  /** The text of `history.csv`. */
  readonly history: string;
  readonly images: ImageCounts;
  /** Rows about its stages for the report. Default: it has none. */
  readonly stages?: readonly Fact[];
  /** What would make the model better, and what that takes. Default: nothing is known. */
  readonly advice?: string | undefined;
  /** Embeddings and answers of the images that calibrate the confidence. Default: they are computed. */
  readonly samples?: ConfidenceSamples | undefined;
}

/** A training that begins with the model's first weights. */
const freshStart: TrainingStart = {
  ownsVersion: false,
  isFresh: true,
  checkImages: () => undefined,
  begin: ({ version, options, data }) =>
    version.claim(() =>
      InterruptedTraining.begin(version.path, optionsToRemember(options, version.path), data.set.scan),
    ),
};

/** The life of a training, from its flags to the report. */
export class TrainingRun {
  readonly #startTime = performance.now();

  readonly #options: TrainModelOptions;
  /** Said before it begins; null for nothing. */
  readonly #note: string | null;
  /** Whether no precision was chosen for the training. */
  readonly #isPrecisionOpen: boolean;

  /** @throws SignetError `INVALID_ARGUMENT` that lists all that is wrong with the options. */
  constructor(
    options: GivenTrainModelOptions,
    private readonly learner: Learner,
    private readonly start: TrainingStart = freshStart,
  ) {
    if (start === freshStart) checkRecipe(options);
    this.#options = completeTrainModelOptions(options);
    this.#isPrecisionOpen = options.precision === undefined && options.workers === undefined;
    const asking = start === freshStart && options.recipe === undefined ? epochFlagsGiven(options) : [];
    this.#note = hasRecipe(options) && asking.length > 0 ? noRecipe(asking) : null;
  }

  /**
   * Trains, evaluates and reports. The order of the steps is a contract: all checks come before anything is written, whatever learns
   * saves the best model, and only a model that is evaluated ends the training's folder.
   *
   * @throws SignetError `INVALID_ARGUMENT`, `INVALID_DATASET`, `BAD_IMAGE`, `CLASSES_DIFFER`, `MODEL_EXISTS`, `CANNOT_WRITE`,
   * `INVALID_WEIGHTS`, `OFFLINE`, `DOWNLOAD_FAILED`, `INVALID_TRAINING_STATE`, `TRAINING_STOPPED`; `NOT_SET_UP` without what the learner needs.
   */
  async run(): Promise<TrainModelResult> {
    const prepared = await this.#prepare();
    try {
      const kept = await this.start.begin(prepared);
      return await keepOrRemove(kept, async () => {
        const learned = await this.learner.learn(prepared, kept);
        const result = await this.#finish(prepared, learned);
        if (!learned.interrupted) await kept.remove();
        return result;
      });
    } finally {
      prepared.data.dispose();
      disposeCompiled(prepared.model);
      await prepared.version.removeEmptyParents();
    }
  }

  /** Checks everything and makes the model. Writes nothing. */
  async #prepare(): Promise<PreparedTraining> {
    const { learner, start } = this;
    const options = this.#options;
    if (this.#note !== null) tell(this.#note);
    const Model = await findTrainableType(options);
    await learner.checkOptions(options);
    if (start.isFresh) await bringNamedWeights(Model, options);
    const version = await this.#chooseVersion(Model.name);
    const data = await TrainingData.scan(options);
    start.checkImages(data.set.scan);
    learner.checkImages(data.set);
    const model = await makeTrainable(Model, data.set, options, start.isFresh);
    if (this.#isPrecisionOpen) notePrecision(model);
    return { options: await withPrecision(options, model), version, data, model, startTime: this.#startTime };
  }

  async #chooseVersion(modelType: string): Promise<VersionDirectory> {
    const { modelFolderPath, modelVersion, overwrite } = this.#options;
    const { ownsVersion } = this.start;
    const wanted = { modelFolderPath, modelType, modelVersion, overwrite: overwrite || ownsVersion };
    const version = await VersionDirectory.prepare(wanted);
    if (!ownsVersion) await noteInterrupted(version.parent);
    return version;
  }

  async #finish({ version, data, model, options }: PreparedTraining, learned: Learned): Promise<TrainModelResult> {
    const { epochs, bestEpoch, interrupted, advice } = learned;
    const directory = version.path;
    const chosen = bestEpoch === null ? null : await saveConfidence({ version, data, model, options }, learned);
    const evaluation = bestEpoch === null ? null : await evaluate(model, data, options, directory);
    const seconds = (performance.now() - this.#startTime) / 1000;
    const training = {
      directory,
      model,
      options,
      ...learned,
      seconds,
      skippedList: data.skippedList,
      duplicates: data.duplicates,
      confidence: chosen ?? [],
    };
    const report =
      evaluation && bestEpoch !== null ? await writeTrainingReport({ ...training, bestEpoch, evaluation }) : null;
    if (evaluation) await writeProjector(model, evaluation, options);
    const test = evaluation && testMetrics(evaluation);
    const resume = interrupted ? resumeFlags(options, path.basename(directory)) : null;
    const {
      testDatasetPath,
      testList = data.hasOwnTest ? path.join(directory, 'assets.extra', testListFile) : undefined,
    } = options;
    return {
      directory,
      testDatasetPath,
      testList,
      epochs,
      bestEpoch,
      test,
      seconds,
      interrupted,
      report,
      resume,
      advice,
    };
  }
}

function notePrecision(model: ImageClassifierModel): void {
  if (!hasBfloat16() || isSmall(model)) return;
  tell(
    'note: this processor has instructions for bfloat16; --precision auto measures whether they make the training faster',
  );
}

/**
 * Decides what `--precision auto` is, before anything is written: a training that is resumed stays with it. `--recipe head` computes features
 * alone, for which it decides by itself.
 */
async function withPrecision(options: TrainModelOptions, model: ImageClassifierModel): Promise<TrainModelOptions> {
  if (options.precision !== 'auto' || options.recipe === 'head') return options;
  return { ...options, precision: await choosePrecision(model, 'auto', tell) };
}

function noRecipe(asking: readonly string[]): string {
  const ask = asking.length === 1 ? 'asks' : 'ask';
  return (
    `note: ${asking.join(', ')} ${ask} for a training by epochs, so there is no recipe (--recipe none). ` +
    'Without that, the head alone is trained, which is quick; see --recipe.'
  );
}

/** Without a state there is nothing to continue: then a failed training leaves nothing behind. */
async function keepOrRemove<T>(kept: InterruptedTraining, train: () => Promise<T>): Promise<T> {
  try {
    return await train();
  } catch (error) {
    if (!kept.hasState) await kept.remove();
    else tell(`${kept.folder} keeps what was trained: train-model --resume continues it`);
    throw error;
  }
}

/** Evaluates the model on the test set, and lists in its directory the images that this left out, and those that were split off for it. */
async function evaluate(
  model: ImageClassifierModel,
  data: TrainingData,
  options: TrainModelOptions,
  directory: string,
): Promise<TrainedEvaluation> {
  const test = await data.openTest(model.imageSize);
  const loss = makeLoss(model, options);
  const evaluation: TrainedEvaluation = model.multiLabel
    ? { isMultiLabel: true, ...(await evaluateMultiLabel(model, test, loss)) }
    : { isMultiLabel: false, ...(await evaluateClassifier(model, test, loss)) };
  const { skippedList } = data;
  if (data.hasOwnTest) await writeFile(path.join(directory, 'assets.extra', testListFile), listText(data.testScan));
  // Test images that do not decode are known only now.
  if (skippedList !== '') await writeFile(path.join(directory, 'assets.extra', 'skipped-images.tsv'), skippedList);
  if (evaluation.result.images > 0) await keepEvaluation(directory, keptEvaluation(evaluation));
  return evaluation;
}

function keptEvaluation(evaluation: TrainedEvaluation): KeptEvaluation {
  const { accuracy, meanAveragePrecision } = testMetrics(evaluation);
  const rows = evaluation.isMultiLabel ? undefined : evaluation.result.thresholds;
  const thresholds = rows?.map(({ threshold, answered, accuracy: right }) => ({
    threshold,
    answered,
    accuracy: right,
  }));
  return { accuracy, meanAveragePrecision, thresholds, date: new Date().toISOString() };
}

/**
 * Chooses on the validation the thresholds of a multi-label model and what the confidence means, and saves the model with them. Its weights are
 * those of the best epoch.
 *
 * @returns Rows about what was chosen.
 */
async function saveConfidence(
  training: Omit<PreparedTraining, 'startTime'>,
  { history, samples }: Learned,
): Promise<Fact[]> {
  const { model, data, version, options } = training;
  if (model.multiLabel) await chooseThresholds(model, await data.openValidation(model.imageSize));
  const facts = chosenConfidence(model, samples ?? (await samplesOf(model, data)), options);
  const assets = modelAssets(training, history);
  await model.save(version.path, { assetsExtra: { ...(await otherFiles(version.path)), ...assets } });
  return facts;
}

/** Writes the embeddings of test images next to TensorBoard's logs. A failure here is no reason to lose the training. */
async function writeProjector(
  { classNames, preprocessing }: ImageClassifierModel,
  { embeddings }: TrainedEvaluation,
  { tensorboard }: TrainModelOptions,
): Promise<void> {
  if (tensorboard === undefined || embeddings === null) return;
  const { exif } = preprocessing;
  await writeProjectorFiles(path.join(tensorboard, 'train'), embeddings, { classNames, exif }).catch((error: unknown) =>
    tell(`warning: the files of TensorBoard's projector could not be written: ${printable(wordsOf(error))}`),
  );
}

function testMetrics(evaluation: TrainedEvaluation): TestMetrics {
  const { accuracy } = evaluation.result;
  const { loss } = evaluation;
  if (!evaluation.isMultiLabel) return { accuracy, loss };
  return { accuracy, loss, meanAveragePrecision: evaluation.result.meanAveragePrecision };
}

/** The flags that continue a training: the rest is remembered. */
function resumeFlags({ modelFolderPath, modelType, callbacks }: TrainModelOptions, modelVersion: string): ShellFlags {
  return { resume: true, modelFolderPath, modelType, modelVersion, callbacks };
}
