import { SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';
import { variablesOf } from '../../tensorflow/variables-of.js';
import { trainingSessionOf, type TrainingSession } from '../steps/training-session.js';
import { type SavedTraining, TrainingStateFolder } from '../resume/training-state.js';
import { backupTensors, callbackPrefix, keyed } from './support/backup-tensors.js';
import { type CallbackState, isResumable, type ResumableCallback } from './support/callback-state.js';
import { numbersOf } from './support/logs.js';
import { Report, type ReportOptions } from './support/report.js';
import { type SaveFreq, SaveFrequency } from './support/save-frequency.js';
import { SaveWithin } from './support/save-within.js';
import { trainedOptimizer } from './support/trained-optimizer.js';

/** After `keras.callbacks.BackupAndRestore`. */
export interface BackupAndRestoreOptions extends ReportOptions {
  /** When it saves: after each epoch, or after so many batches. Default: `epoch`. */
  readonly saveFreq?: SaveFreq;
  /** Batches after which it saves too, counted from the last backup. Default: none. */
  readonly saveSteps?: number | undefined;
  /** Seconds after which it saves too, when the batch has ended, counted from the last backup. Default: none. */
  readonly saveSeconds?: number | undefined;
  /** Whether the backup is removed when training has ended; a function is asked then. Default: true. */
  readonly deleteCheckpoint?: boolean | (() => boolean);
}

/**
 * Keeps where a training stands in a folder, and goes on from there when the same training is started again: weights, the
 * optimizer's state, epoch and batch, and what the other callbacks remember. A crash at any instant costs the time since the
 * last backup, never the backup.
 *
 * It stands last among the callbacks. A training that is stopped within an epoch is kept up to its last batch. The logs of an
 * epoch that is resumed in its middle are those of the whole. What layers draw from a seed goes on; without a seed it is drawn anew.
 */
export class BackupAndRestore extends tf.Callback {
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

  /** @param backupDir A folder for this training alone; made when it is needed. */
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

  /** Where the training that runs went on, the epoch and the batch from 0; null when it began anew. */
  get resumedAt(): { readonly epoch: number; readonly batch: number } | null {
    return this.#resumed;
  }

  /** @throws SignetError `INVALID_TRAINING_STATE` for a backup that is damaged or of another training. */
  override async onTrainBegin(): Promise<void> {
    trainedOptimizer(this.model, 'BackupAndRestore');
    const session = this.#session();
    this.#stopped = false;
    this.#resumed = null;
    this.#frequency.restart();
    this.#within.restart();
    const saved = await this.#folder.read();
    if (!saved) return;
    await this.#restore(saved, session);
    const { epoch, batch } = saved.metadata;
    const hasEnded = resumableOf(session).some((callback) => callback.hasEnded === true);
    session.resume(hasEnded ? { epoch: Infinity, batch: 0 } : { epoch, batch }, saved.metadata.session);
    this.#resumed = { epoch, batch };
    this.#report.line(`BackupAndRestore: resuming ${this.backupDir} at epoch ${epoch + 1}, batch ${batch + 1}`);
  }

  override async onEpochBegin(epoch: number): Promise<void> {
    this.#epoch = epoch;
    this.#batch = this.#resumed?.epoch === epoch ? this.#resumed.batch : 0;
    return Promise.resolve();
  }

  override async onBatchEnd(_batch: number, logs?: tf.Logs): Promise<void> {
    this.#batch += 1;
    const isDue = [this.#frequency.isDue(), this.#within.isDue()].includes(true);
    // TF.js looks at this next, and then ends the epoch without a validation: the training goes on in its middle.
    this.#stopped = this.model.stopTraining;
    if (!isDue && !this.#stopped) return;
    // A backup with numbers is worth more than one without.
    if (Number.isFinite(numbersOf(logs).loss ?? 0)) await this.#save(this.#epoch, this.#batch);
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
    session.readVariables();
    const optimizer = trainedOptimizer(this.model, 'BackupAndRestore');
    const states = resumableOf(session).map((callback) => [callback, callback.saveState()] as const);
    const callbacks = states.map(([callback, { values }]) => ({ name: callback.constructor.name, values }));
    const kept = session.saveState();
    const metadata = { epoch, batch, session: kept, optimizer: optimizer.getClassName(), callbacks };
    const kinds = { weights: this.model.getWeights(), optimizer, callbacks: states.map(([, state]) => state) };
    await this.#folder.write(metadata, backupTensors(kinds));
    this.#within.restart();
  }

  async #restore(saved: SavedTraining, session: TrainingSession): Promise<void> {
    const optimizer = trainedOptimizer(this.model, 'BackupAndRestore');
    optimizer.build(variablesOf(this.model.trainableWeights));
    checkSame('optimizer', optimizer.getClassName(), saved.metadata.optimizer, this.backupDir);
    const weights = keyed('weights', this.model.getWeights());
    const variables = keyed(
      'optimizer',
      optimizer.variables.map(({ variable }) => variable),
    );
    const count = saved.keys.filter((key) => !key.startsWith('callbacks/')).length;
    checkSame(
      'count of variables',
      String(Object.keys({ ...weights, ...variables }).length),
      String(count),
      this.backupDir,
    );
    const values = await readAll(saved, { ...weights, ...variables });
    try {
      this.model.setWeights(Object.keys(weights).flatMap((key) => values[key] ?? []));
      for (const [key, variable] of Object.entries(variables)) {
        const value = values[key];
        if (value) variable.assign(value);
      }
      await restoreCallbacks(saved, session);
    } finally {
      tf.dispose(values);
    }
  }
}

function resumableOf({ callbacks }: TrainingSession): ResumableCallback[] {
  return callbacks.filter(isResumable);
}

/** Each state goes to the callback of its class; of several, in their order. One that is new begins anew. */
async function restoreCallbacks(saved: SavedTraining, session: TrainingSession): Promise<void> {
  const left = resumableOf(session);
  for (const [i, { name, values }] of saved.metadata.callbacks.entries()) {
    const position = left.findIndex((callback) => callback.constructor.name === name);
    const [callback] = position === -1 ? [] : left.splice(position, 1);
    const prefix = callbackPrefix(i);
    const keys = saved.keys.filter((key) => key.startsWith(prefix));
    if (callback) await restoreCallback(callback, values, saved, prefix, keys);
  }
}

async function restoreCallback(
  callback: ResumableCallback,
  values: CallbackState['values'],
  saved: SavedTraining,
  prefix: string,
  keys: readonly string[],
): Promise<void> {
  const tensors: Record<string, tf.Tensor> = {};
  try {
    for (const key of keys) tensors[key.slice(prefix.length)] = await saved.read(key, null);
    callback.restoreState({ values, tensors });
  } finally {
    tf.dispose(tensors);
  }
}

async function readAll(saved: SavedTraining, expected: Readonly<Record<string, tf.Tensor>>) {
  const values: Record<string, tf.Tensor> = {};
  try {
    for (const [key, tensor] of Object.entries(expected)) values[key] = await saved.read(key, tensor);
    return values;
  } catch (error) {
    tf.dispose(values);
    throw error;
  }
}

function checkSame(what: string, expected: string, received: string, folder: string): void {
  if (expected === received) return;
  throw new SignetError(
    'INVALID_TRAINING_STATE',
    `The training in ${folder} cannot be resumed: its ${what} is ${received}. Expected: ${expected}. Start it as it was started ` +
      'before, or remove the folder to start anew.',
  );
}
