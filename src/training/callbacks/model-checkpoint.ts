import { SignetError } from '../../errors.js';
import { removeModelDirectory } from '../../files/model-directory.js';
import { readWeights } from '../steps/training-session.js';
import type { Logs } from './callback.js';
import { type CallbackState, type ResumableCallback, stateNumberOrNull } from './support/callback-state.js';
import { checkpointPath, isPattern, matchesPattern } from './support/checkpoint-path.js';
import { MonitoringCallback, type MonitorOptions } from './support/monitor.js';
import { Report, type ReportOptions } from './support/report.js';
import { type SaveFreq, SaveFrequency } from './support/save-frequency.js';

/** Options of `ModelCheckpoint`, after `keras.callbacks.ModelCheckpoint`. */
export interface ModelCheckpointOptions extends MonitorOptions, ReportOptions {
  /**
   * Whether the model is saved only if the monitored value is better than at every save before.
   *
   * @defaultValue false
   */
  readonly saveBestOnly?: boolean;
  /**
   * The model is saved after every epoch, or after every N batches.
   *
   * @defaultValue 'epoch'
   */
  readonly saveFreq?: SaveFreq;
  /**
   * With `saveBestOnly`, nothing is saved until the monitored value beats this one, including after a resume.
   *
   * @defaultValue none
   */
  readonly initialValueThreshold?: number | undefined;
  /**
   * Number of checkpoints that are kept; older ones are removed. Needs a `filepath` that names `{epoch}` or `{batch}`.
   *
   * @defaultValue all
   */
  readonly maxToKeep?: number;
  /**
   * Saves a checkpoint in another way. It is called with the path, the epoch from 0 and the values of the logs.
   *
   * @defaultValue `model.save(filepath)`
   */
  readonly save?: (filepath: string, epoch: number, logs: Readonly<Logs>) => Promise<unknown>;
}

/** Progress of a `ModelCheckpoint`. */
export interface ModelCheckpointProgress {
  /** The best value that was saved; null before the first. */
  readonly best: number | null;
  /** Number of times it has saved. */
  readonly saved: number;
  /** Batches since the last save, where it saves after batches. Default: 0. */
  readonly batches?: number;
  /** Paths of the checkpoints that `maxToKeep` counts, the latest last. Default: none. */
  readonly kept?: readonly string[];
}

/** Saves the model after epochs, or batches. A checkpoint of an ImageClassifierModel is a SavedModel that can be served. */
export class ModelCheckpoint extends MonitoringCallback implements ResumableCallback {
  readonly #options: ModelCheckpointOptions;
  readonly #frequency: SaveFrequency;
  readonly #report: Report;
  readonly #save: NonNullable<ModelCheckpointOptions['save']>;
  #kept: readonly string[] = [];
  #saved = 0;
  #epoch = 0;

  /**
   * @param filepath Path to save to. May name the epoch, from 1, the batch, from 1, and values of the logs: `models/{epoch:02d}-{val_loss:.2f}`.
   * @throws SignetError `INVALID_ARGUMENT` for options that contradict each other.
   */
  constructor(
    readonly filepath: string,
    options: ModelCheckpointOptions = {},
  ) {
    super(options);
    this.#options = options;
    this.#frequency = new SaveFrequency(options.saveFreq ?? 'epoch');
    this.#report = new Report(options);
    this.#save = options.save ?? ((path) => this.model.save(path));
    this.monitor.restart(options.initialValueThreshold);
    checkOptions(filepath, options, this.monitor.name);
  }

  /** The state for `restoreState` of a training that saved this far without this callback, such as on other machines. */
  static stateAfter({ best, saved, batches = 0, kept = [] }: ModelCheckpointProgress): CallbackState {
    return { values: { best, saved, batches, kept } };
  }

  /** Number of times it has saved. */
  get saved(): number {
    return this.#saved;
  }

  override onTrainBegin(): void {
    if (this.#options.saveBestOnly === true) super.onTrainBegin();
  }

  override onEpochBegin(epoch: number): void {
    this.#epoch = epoch;
  }

  override async onBatchEnd(batch: number, logs: Logs): Promise<void> {
    if (!this.#frequency.isDue()) return;
    readWeights(this.model);
    await this.#saveIfBetter(logs, batch);
  }

  override async onEpochEnd(_epoch: number, logs: Logs): Promise<void> {
    if (this.#frequency.isEpoch) await this.#saveIfBetter(logs, null);
  }

  saveState(): CallbackState {
    return ModelCheckpoint.stateAfter({
      best: this.monitor.best,
      saved: this.#saved,
      batches: this.#frequency.batches,
      kept: this.#kept,
    });
  }

  restoreState(state: CallbackState): void {
    const best = stateNumberOrNull(state, 'best');
    const { initialValueThreshold: threshold } = this.#options;
    const isBeaten = threshold === undefined || (best !== null && this.monitor.isBetter(best, threshold));
    this.monitor.restart(isBeaten ? best : threshold);
    this.#saved = stateNumberOrNull(state, 'saved') ?? 0;
    this.#frequency.restart(stateNumberOrNull(state, 'batches') ?? 0);
    const { kept } = state.values;
    const isOwn = (path: unknown): path is string => typeof path === 'string' && matchesPattern(this.filepath, path);
    this.#kept = Array.isArray(kept) ? kept.filter(isOwn) : [];
  }

  async #saveIfBetter(numbers: Readonly<Logs>, batch: number | null): Promise<void> {
    const values = { ...numbers, epoch: this.#epoch + 1, ...(batch !== null && { batch: batch + 1 }) };
    const filepath = checkpointPath(this.filepath, values);
    if (!this.#isToSave(numbers, filepath)) return;
    await this.#save(filepath, this.#epoch, numbers);
    this.#saved += 1;
    this.#report.line(`Epoch ${this.#epoch + 1}: finished saving model to ${filepath}`);
    await this.#removeOld(filepath);
  }

  #isToSave(numbers: Readonly<Logs>, filepath: string): boolean {
    const prefix = `Epoch ${this.#epoch + 1}:`;
    if (this.#options.saveBestOnly !== true) {
      this.#report.line(`${prefix} saving model to ${filepath}`);
      return true;
    }
    const { name, best } = this.monitor;
    const before = best === null ? 'None' : best.toFixed(5);
    if (!this.monitor.improves(numbers)) {
      this.#report.line(`${prefix} ${name} did not improve from ${before}`);
      return false;
    }
    const now = this.monitor.best?.toFixed(5);
    this.#report.line(`${prefix} ${name} improved from ${before} to ${now}, saving model to ${filepath}`);
    return true;
  }

  async #removeOld(filepath: string): Promise<void> {
    const kept = [...this.#kept.filter((each) => each !== filepath), filepath];
    const old = kept.slice(0, Math.max(0, kept.length - (this.#options.maxToKeep ?? Infinity)));
    this.#kept = kept.slice(old.length);
    for (const path of old) await removeModelDirectory(path.replace(/^file:\/\//, ''));
  }
}

function checkOptions(filepath: string, options: ModelCheckpointOptions, monitor: string): void {
  const { maxToKeep, saveBestOnly = false, saveFreq = 'epoch' } = options;
  if (maxToKeep !== undefined && !(Number.isSafeInteger(maxToKeep) && maxToKeep >= 1 && isPattern(filepath))) {
    throw new SignetError(
      'INVALID_ARGUMENT',
      'maxToKeep is a whole number from 1, and filepath then names the epoch or the batch, such as models/{epoch}. ' +
        `Received: ${maxToKeep} and "${filepath}".`,
    );
  }
  if (saveBestOnly && saveFreq !== 'epoch' && monitor.startsWith('val_')) {
    throw new SignetError(
      'INVALID_ARGUMENT',
      `Can save best model only with ${monitor} available: after a batch there is no validation. Monitor a value of the batch, ` +
        "such as loss, or use saveFreq: 'epoch'.",
    );
  }
}
