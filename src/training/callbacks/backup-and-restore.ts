import { SignetError } from '../../errors.js';
import { TrainingStateFolder } from '../resume/training-state.js';
import { trainingSessionOf, type TrainingPosition, type TrainingSession } from '../steps/training-session.js';
import { Callback, type Logs } from './callback.js';
import { restoreTraining, resumableOf } from './restore-training.js';
import { Report, type ReportOptions } from './support/report.js';
import { type SaveFreq, SaveFrequency, SaveWithin } from './support/save-frequency.js';
import { writeBackup } from './support/write-backup.js';

/** Options of `BackupAndRestore`, after `keras.callbacks.BackupAndRestore`. */
export interface BackupAndRestoreOptions extends ReportOptions {
  /**
   * The callback saves a backup after every epoch, or after every N batches.
   *
   * @defaultValue 'epoch'
   */
  readonly saveFreq?: SaveFreq;
  /**
   * The callback also saves a backup N batches after the last one.
   *
   * @defaultValue none
   */
  readonly saveSteps?: number | undefined;
  /**
   * The callback also saves a backup at the end of the first batch that ends this many seconds after the last one.
   *
   * @defaultValue none
   */
  readonly saveSeconds?: number | undefined;
  /**
   * Whether the backup is removed when training has ended. A function is called at that time.
   *
   * @defaultValue true
   */
  readonly deleteCheckpoint?: boolean | (() => boolean);
}

/**
 * Backs up a training in a folder and resumes it when the same training is started again: weights, the optimizer's state, epoch and batch, and the
 * state of the other callbacks. A crash at any instant costs the time since the last backup, never the backup.
 *
 * It must be the last of the callbacks. A training that is stopped within an epoch is kept up to its last batch. The logs of an epoch that is resumed
 * midway cover the whole epoch. Layers with a seed draw what they would have drawn without the interruption.
 */
export class BackupAndRestore extends Callback {
  readonly #folder: TrainingStateFolder;
  readonly #frequency: SaveFrequency;
  readonly #within: SaveWithin;
  readonly #deleteCheckpoint: () => boolean;
  readonly #report: Report;
  #epoch = 0;
  /** Batches of the epoch that are done. */
  #batch = 0;
  #resumed: { readonly epoch: number; readonly batch: number } | null = null;
  #stopped = false;

  /** @param backupDir Folder for this training only, created when it is needed. */
  constructor(
    readonly backupDir: string,
    options: BackupAndRestoreOptions = {},
  ) {
    super();
    const { saveFreq = 'epoch', deleteCheckpoint = true } = options;
    this.#within = new SaveWithin(options);
    if (backupDir === '') throw new SignetError('INVALID_ARGUMENT', 'Empty `backupDir` argument passed.');
    this.#folder = new TrainingStateFolder(backupDir);
    this.#frequency = new SaveFrequency(saveFreq);
    this.#deleteCheckpoint = typeof deleteCheckpoint === 'function' ? deleteCheckpoint : () => deleteCheckpoint;
    this.#report = new Report(options);
  }

  /** Position at which the running training resumed, epoch and batch from 0; null if it started from scratch. */
  get resumedAt(): Pick<TrainingPosition, 'epoch' | 'batch'> | null {
    return this.#resumed;
  }

  /** @throws SignetError `INVALID_TRAINING_STATE` for a backup that is damaged or of another training. */
  override async onTrainBegin(): Promise<void> {
    const { model, optimizer } = this;
    const session = this.#session();
    this.#stopped = false;
    this.#resumed = null;
    this.#frequency.restart();
    this.#within.restart();
    const saved = await this.#folder.read();
    if (!saved) return;
    await restoreTraining({ model, optimizer, session, saved, folder: this.backupDir });
    const { epoch, batch } = saved.metadata;
    const hasEnded = resumableOf(session).some((callback) => callback.hasEnded === true);
    session.resume(hasEnded ? { epoch: Infinity, batch: 0 } : { epoch, batch }, saved.metadata.session);
    this.#resumed = { epoch, batch };
    this.#report.line(`BackupAndRestore: resuming ${this.backupDir} at epoch ${epoch + 1}, batch ${batch + 1}`);
  }

  override onEpochBegin(epoch: number): void {
    this.#epoch = epoch;
    this.#batch = this.#resumed?.epoch === epoch ? this.#resumed.batch : 0;
  }

  override async onBatchEnd(_batch: number, logs: Logs): Promise<void> {
    this.#batch += 1;
    const isDue = [this.#frequency.isDue(), this.#within.isDue()].includes(true);
    // Then TF.js ends the epoch here, without a validation: the training resumes in the middle of the epoch.
    this.#stopped = this.#session().stopsHere();
    if (!isDue && !this.#stopped) return;
    // A backup with finite numbers is worth more than one without.
    if (Number.isFinite(logs.loss ?? 0)) await this.#save(this.#epoch, this.#batch);
  }

  override async onEpochEnd(epoch: number): Promise<void> {
    if (this.#frequency.isEpoch && !this.#stopped) await this.#save(epoch + 1, 0);
  }

  override async onTrainEnd(): Promise<void> {
    if (this.#deleteCheckpoint()) await this.#folder.remove();
  }

  #session(): TrainingSession {
    const session = trainingSessionOf(this.model);
    if (session?.callbacks.at(-1) === this) return session;
    throw new SignetError(
      'INVALID_ARGUMENT',
      'BackupAndRestore is the last of the callbacks that `fit` is given: then what the others remember of an epoch is kept too.',
    );
  }

  async #save(epoch: number, batch: number): Promise<void> {
    const session = this.#session();
    session.showTrainedWeights();
    session.readVariables();
    await writeBackup(this.#folder, {
      epoch,
      batch,
      session: session.saveState(),
      weights: this.model.getWeights(),
      optimizer: this.optimizer,
      callbacks: resumableOf(session).map((callback) => ({
        name: callback.constructor.name,
        state: callback.saveState(),
      })),
    });
    this.#within.restart();
  }
}
