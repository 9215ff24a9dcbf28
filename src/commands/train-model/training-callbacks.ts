import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import type { ImageDataset } from '../../data/dataset/image-dataset.js';
import { SignetError } from '../../errors.js';
import { parseHistory } from '../../evaluation/report/training-history.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import { importUserFile } from '../../models/user-file/import-user-file.js';
import { BackupAndRestore } from '../../training/callbacks/backup-and-restore.js';
import { Callback, type CallbackLike } from '../../training/callbacks/callback.js';
import type { CallbackState, ResumableCallback } from '../../training/callbacks/support/callback-state.js';
import { CSVLogger } from '../../training/callbacks/csv-logger.js';
import { EarlyStopping } from '../../training/callbacks/early-stopping.js';
import { ModelCheckpoint } from '../../training/callbacks/model-checkpoint.js';
import { Progress } from '../../training/callbacks/progress.js';
import { ReduceLROnPlateau } from '../../training/callbacks/reduce-lr-on-plateau.js';
import { LogLearningRate } from '../../training/callbacks/learning-rate-scheduler.js';
import { TensorBoard } from '../../training/callbacks/tensor-board.js';
import { TerminateOnNaN } from '../../training/callbacks/terminate-on-nan.js';
import type { InterruptedTraining } from '../../training/resume/interrupted-training.js';
import { modelAssets } from './model-assets.js';
import type { TrainModelOptions } from './train-model-options.js';
import type { PreparedTraining } from './training-run.js';
import { standardError } from '../../text/tell.js';

/** A part of a training that comes after another. */
export interface Stage {
  /** Its name in lines of progress and in `history.csv`. */
  readonly name: string;
  /** Whether the stage before it has just ended, in this process: then nothing was interrupted. */
  readonly follows: boolean;
  /** When it must have ended, in milliseconds on the clock of `performance.now()`; Infinity for whenever. */
  readonly deadline: number;
  readonly plan: StagePlan;
}

/** What was decided before a stage began. */
export interface StagePlan {
  /** Number of the last epoch, from 1. */
  readonly epochs: number;
  /** Strength of the head's regularization. */
  readonly strength: number;
}

/** Value that decides which epoch of a training is best. */
export interface Monitored {
  readonly name: 'val_accuracy' | 'val_loss';
  /** Finds the best of some values; infinite without any. */
  readonly bestOf: (...values: number[]) => number;
}

/**
 * Returns the value by which the best epoch is chosen: the accuracy, or where an image may have several classes, the loss. There most answers are
 * "no", so that a model that finds nothing is accurate; and thresholds are chosen only after the training.
 */
export function monitoredOf({ multiLabel }: Pick<ImageClassifierModel, 'multiLabel'>): Monitored {
  return multiLabel ? { name: 'val_loss', bestOf: Math.min } : { name: 'val_accuracy', bestOf: Math.max };
}

/** The callbacks of a training in this process: what is shown, saved and kept, and when it stops. */
export class TrainingCallbacks {
  /** All of them, in the order `fit` calls them. */
  readonly list: readonly CallbackLike[];
  readonly #history: CSVLogger;
  readonly #checkpoint: ModelCheckpoint;
  readonly #earlyStopping: EarlyStopping;
  readonly #backup: BackupAndRestore;

  private constructor(
    training: PreparedTraining,
    kept: InterruptedTraining,
    /** The best value of the model that this training has saved before, in another run; null if there is none. */
    private readonly savedValue: number | null,
    progress: Progress,
    further: readonly CallbackLike[],
    stage: Stage | undefined,
  ) {
    const { patience } = training.options;
    const monitor = monitoredOf(training.model).name;
    this.#history = new CSVLogger({ stage: stage?.name });
    this.#checkpoint = this.#makeCheckpoint(training);
    this.#earlyStopping = new EarlyStopping({ monitor, patience, restoreBestWeights: true });
    this.#backup = makeBackup(kept, training.options, stage?.follows === true);
    const ofStage = stage ? [new StageCallback(stage)] : [];
    const first = [new TerminateOnNaN(), ...learningRateCallbacks(training.options, patience), progress, ...ofStage];
    // The backup comes last, so that it keeps what all the others remember of an epoch.
    this.list = [...first, this.#history, this.#checkpoint, this.#earlyStopping, ...further, this.#backup];
  }

  static async create(
    training: PreparedTraining,
    kept: InterruptedTraining,
    images: Readonly<Record<'train' | 'validation', ImageDataset>>,
    stage?: Stage,
  ): Promise<TrainingCallbacks> {
    // The saved model may be from an epoch after the last backup.
    const savedValue = (await kept.hasSaved())
      ? await bestSavedValue(kept.directory, monitoredOf(training.model))
      : null;
    const epochs = training.options.numEpochs;
    const progress = new Progress({ epochs, images: images.train.imageCount, stage: stage?.name });
    const further = await furtherCallbacks(training, images.validation);
    return new TrainingCallbacks(training, kept, savedValue, progress, further, stage);
  }

  /** The text of `history.csv`. */
  get history(): string {
    return this.#history.text;
  }

  /** The best epoch, from 1; null if no model was saved, in this run or before. */
  get bestEpoch(): number | null {
    const isSaved = this.#checkpoint.saved > 0 || this.savedValue !== null;
    return isSaved ? this.#earlyStopping.bestEpoch + 1 : null;
  }

  /** The epoch at which this run has resumed the training, from 0; 0 if it has begun it. */
  get firstEpoch(): number {
    return this.#backup.resumedAt?.epoch ?? 0;
  }

  #makeCheckpoint(training: PreparedTraining): ModelCheckpoint {
    const { model, version } = training;
    const assetsExtra = () => modelAssets(training, this.history);
    return new ModelCheckpoint(version.path, {
      monitor: monitoredOf(model).name,
      saveBestOnly: true,
      initialValueThreshold: this.savedValue ?? undefined,
      save: (filepath) => model.save(filepath, { assetsExtra: assetsExtra() }),
    });
  }
}

function makeBackup(
  { folder }: InterruptedTraining,
  { backupSteps }: TrainModelOptions,
  isQuiet: boolean,
): BackupAndRestore {
  const within = backupSteps === undefined ? { saveSeconds: 300 } : { saveSteps: backupSteps };
  const verbose = isQuiet ? 0 : 1;
  return new BackupAndRestore(folder, { ...within, deleteCheckpoint: false, verbose, stream: standardError() });
}

/** Remembers what was planned for a stage, and ends the stage when the next epoch would not finish in time. */
export class StageCallback extends Callback implements ResumableCallback {
  #begin = 0;

  constructor(private readonly stage: Stage) {
    super();
  }

  /** What a backup says about the stage. */
  static stateOf({ plan }: Pick<Stage, 'plan'>): CallbackState {
    return { values: { ...plan } };
  }

  override onEpochBegin(): void {
    this.#begin = performance.now();
  }

  override onEpochEnd(): void {
    const now = performance.now();
    if (now + (now - this.#begin) > this.stage.deadline) this.model.stopTraining = true;
  }

  saveState(): CallbackState {
    return StageCallback.stateOf(this.stage);
  }

  /** What was planned was read before the stage began. */
  restoreState(): void {
    return;
  }
}

/**
 * Makes the callbacks that change the learning rate, or log one that changes.
 *
 * @param patience Epochs without improvement after which the training stops.
 */
export function learningRateCallbacks(
  { learningRateSchedule, warmupEpochs }: Pick<TrainModelOptions, 'learningRateSchedule' | 'warmupEpochs'>,
  patience: number,
): Callback[] {
  if (learningRateSchedule !== 'plateau') {
    return learningRateSchedule === 'constant' && warmupEpochs === 0 ? [] : [new LogLearningRate()];
  }
  // Early enough that a smaller learning rate can still help before the training stops.
  return [new ReduceLROnPlateau({ monitor: 'val_loss', patience: Math.max(1, Math.floor(patience / 2)), verbose: 1 })];
}

/** TensorBoard, with the first images of the validation, whose order never changes; then the user's own. */
async function furtherCallbacks(
  { model, version, options }: PreparedTraining,
  validation: ImageDataset,
): Promise<CallbackLike[]> {
  const { tensorboard: logDir, callbacks } = options;
  const board = logDir === undefined ? [] : [new TensorBoard({ logDir, histogramFreq: 1, sampleImages: validation })];
  return [
    ...board,
    ...(callbacks === undefined ? [] : await loadCallbacks(callbacks, { model, directory: version.path })),
  ];
}

/** Bytes of a history at most: one line per epoch. */
const historyLimit = 2 ** 24;

/** The best value in the history of a saved model, which a resumed training has to beat before it saves again; null if there is none. */
async function bestSavedValue(directory: string, { name, bestOf }: Monitored): Promise<number | null> {
  const file = path.join(directory, 'assets.extra', 'history.csv');
  const size = await stat(file).then(
    (stats) => stats.size,
    () => Infinity,
  );
  if (size > historyLimit) return null;
  const { columns } = parseHistory(await readFile(file, 'utf8'));
  const values = (columns.get(name) ?? []).filter((value) => value !== null);
  return values.length === 0 ? null : bestOf(...values);
}

/** The argument of the function that a file of callbacks may export. */
export interface CallbackContext {
  /** The model that is trained. */
  readonly model: ImageClassifierModel;
  /** Where the best model is saved. */
  readonly directory: string;
}

/** The default export of a file for `--callbacks`: callbacks, or a function that makes them. */
export type CallbacksExport = CallbackLike | readonly CallbackLike[] | ((context: CallbackContext) => CallbacksResult);
type CallbacksResult = CallbackLike | readonly CallbackLike[] | Promise<CallbackLike | readonly CallbackLike[]>;

const methods = [
  'onTrainBegin',
  'onTrainEnd',
  'onEpochBegin',
  'onEpochEnd',
  'onBatchBegin',
  'onBatchEnd',
  'onTestBatchEnd',
] as const;

/**
 * Loads the callbacks of a user's file.
 *
 * @throws SignetError `INVALID_ARGUMENT` that says what the file lacks.
 */
export async function loadCallbacks(file: string, context: CallbackContext): Promise<CallbackLike[]> {
  const { default: exported } = await importCallbacks(file);
  const made: unknown =
    typeof exported === 'function' ? await (exported as (c: CallbackContext) => unknown)(context) : exported;
  const list = Array.isArray(made) ? (made as unknown[]) : [made];
  return list.map((each) => checkedCallback(each, file));
}

/** Imports the file. Called before anything long begins, it reports a mistake in the file at once. */
export function importCallbacks(file: string): Promise<Record<string, unknown>> {
  return importUserFile(file, '--callbacks');
}

function checkedCallback(value: unknown, file: string): CallbackLike {
  const object = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (methods.some((method) => typeof object[method] === 'function')) return object;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `--callbacks names ${file}, whose default export is not a callback: export default [new MyCallback()], or a function that returns such a list, ` +
      `or an object with one of ${methods.join(', ')}. Received: ${value === undefined ? 'no default export' : typeof value}.`,
  );
}
