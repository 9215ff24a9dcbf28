import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import type { ImageDataset } from '../../data/dataset/image-dataset.js';
import { parseHistory } from '../../evaluation/report/training-history.js';
import { BackupAndRestore } from '../../training/callbacks/backup-and-restore.js';
import type { CallbackLike } from '../../training/callbacks/callback.js';
import { CSVLogger } from '../../training/callbacks/csv-logger.js';
import { EarlyStopping } from '../../training/callbacks/early-stopping.js';
import { ModelCheckpoint } from '../../training/callbacks/model-checkpoint.js';
import { Progress } from '../../training/callbacks/progress.js';
import { TensorBoard } from '../../training/callbacks/tensor-board.js';
import { TerminateOnNaN } from '../../training/callbacks/terminate-on-nan.js';
import type { InterruptedTraining } from './interrupted-training.js';
import { loadCallbacks } from './load-callbacks.js';
import { learningRateCallbacks } from './optimization.js';
import { argumentsJson } from './remembered-options.js';
import type { TrainModelOptions } from './train-model-options.js';
import type { PreparedTraining } from './training-run.js';

/** The value by which the best epoch is chosen; more is better. */
const monitor = 'val_accuracy';

/** The callbacks of a training in this process: what is shown, saved and kept, and when it stops. */
export class TrainingCallbacks {
  /** All of them, in the order in which `fit` calls them. */
  readonly list: readonly CallbackLike[];
  readonly #history = new CSVLogger();
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
  ) {
    const { patience } = training.options;
    this.#checkpoint = this.#makeCheckpoint(training);
    this.#earlyStopping = new EarlyStopping({ monitor, patience, restoreBestWeights: true });
    this.#backup = makeBackup(kept, training.options);
    const first = [new TerminateOnNaN(), ...learningRateCallbacks(training.options, patience), progress];
    // The backup comes last, so that it keeps what all the others remember of an epoch.
    this.list = [...first, this.#history, this.#checkpoint, this.#earlyStopping, ...further, this.#backup];
  }

  static async create(
    training: PreparedTraining,
    kept: InterruptedTraining,
    images: Readonly<Record<'train' | 'validation', ImageDataset>>,
  ): Promise<TrainingCallbacks> {
    // The saved model may be from an epoch after the last backup.
    const savedValue = (await kept.hasSaved()) ? await bestSavedValue(kept.directory) : null;
    const progress = new Progress({ epochs: training.options.numEpochs, images: images.train.imageCount });
    return new TrainingCallbacks(
      training,
      kept,
      savedValue,
      progress,
      await furtherCallbacks(training, images.validation),
    );
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

  #makeCheckpoint({ model, version, data, options }: PreparedTraining): ModelCheckpoint {
    const assetsExtra = () => ({
      'arguments.json': argumentsJson(options),
      'history.csv': this.history,
      ...(data.skippedList !== '' && { 'skipped-images.tsv': data.skippedList }),
    });
    return new ModelCheckpoint(version.path, {
      monitor,
      saveBestOnly: true,
      initialValueThreshold: this.savedValue ?? undefined,
      save: (filepath) => model.save(filepath, { assetsExtra: assetsExtra() }),
    });
  }
}

function makeBackup({ folder }: InterruptedTraining, { backupSteps }: TrainModelOptions): BackupAndRestore {
  const within = backupSteps === undefined ? { saveSeconds: 300 } : { saveSteps: backupSteps };
  return new BackupAndRestore(folder, { ...within, deleteCheckpoint: false, verbose: 1, stream: process.stderr });
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
async function bestSavedValue(directory: string): Promise<number | null> {
  const file = path.join(directory, 'assets.extra', 'history.csv');
  const size = await stat(file).then(
    (stats) => stats.size,
    () => Infinity,
  );
  if (size > historyLimit) return null;
  const { columns } = parseHistory(await readFile(file, 'utf8'));
  const values = (columns.get(monitor) ?? []).filter((value) => value !== null);
  return values.length === 0 ? null : Math.max(...values);
}
