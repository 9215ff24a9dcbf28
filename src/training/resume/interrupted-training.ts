import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';

import { changedImages, fingerprintImages } from '../../data/scan/fingerprint-images.js';
import { type ImageScan, nameOfScan } from '../../data/scan/image-scan.js';
import { SignetError } from '../../errors.js';
import { removeModelDirectory, writeModelDirectory } from '../../files/model-directory.js';
import { isStillRunning, ownIdentity } from '../../files/process-identity.js';
import { type ParseOptions, readRecord, recordFile, type TrainingRecord, writeRecord } from './training-record.js';

/** Files that are written last when a state is saved: one by `BackupAndRestore`, one by workers. */
const stateFiles = ['training_metadata.json', path.join('workers', 'output.training', 'last')] as const;

/**
 * A training that has begun and is not done: the folder `models/LenetModel/.3.training` next to the version directory that it will fill, with its
 * record and the state that `BackupAndRestore` or workers keep. Servers ignore names that are not numbers.
 */
export class InterruptedTraining<Options = unknown> {
  private constructor(
    /** The version directory. */
    readonly directory: string,
    readonly record: TrainingRecord<Options>,
  ) {}

  /** The folder of a version's training, whether there is one or not. */
  static folderOf(directory: string): string {
    return path.join(path.dirname(directory), `.${path.basename(directory)}.training`);
  }

  /**
   * Begins a training, and discards one that was interrupted before. Its folder appears whole or not at all.
   *
   * @param options Options that `find` returns later, as JSON can hold them.
   * @param writeState Writes a state from elsewhere, whose best model is already in the version directory. Default: training starts from the beginning.
   * @throws SignetError `CANNOT_WRITE`, or `INVALID_TRAINING_STATE` when another process trains the same version.
   */
  static async begin<Options>(
    directory: string,
    options: Options,
    scan: ImageScan,
    writeState: ((folder: string) => Promise<void>) | null = null,
  ): Promise<InterruptedTraining<Options>> {
    const training = new InterruptedTraining(directory, {
      options,
      images: fingerprintImages(scan),
      process: await ownIdentity(),
      replaces: writeState ? null : await stampOf(directory),
      isOwn: true,
    });
    await assertIdle(training.folder);
    await writeModelDirectory(training.folder, async (made) => {
      await writeState?.(made);
      await writeRecord(made, training.record);
    });
    return training;
  }

  /** The training of a version; null if there is none. @throws SignetError `INVALID_TRAINING_STATE` when it is damaged. */
  static async find<Options>(
    directory: string,
    parseOptions: ParseOptions<Options>,
  ): Promise<InterruptedTraining<Options> | null> {
    const record = await readRecord(InterruptedTraining.folderOf(directory), parseOptions);
    return record && new InterruptedTraining(directory, record);
  }

  /** Time at which the training of a version was last written, in milliseconds since 1970. */
  static async lastWritten(directory: string): Promise<number> {
    const folder = InterruptedTraining.folderOf(directory);
    const times = [recordFile, ...stateFiles].map((name) =>
      stat(path.join(folder, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    );
    return Math.max(...(await Promise.all(times)));
  }

  get folder(): string {
    return InterruptedTraining.folderOf(this.directory);
  }

  /** Path to which workers write their model. Their state is next to it, in `output.training`. */
  get workersOutput(): string {
    return path.join(this.folder, 'workers', 'output');
  }

  /** Whether there is a state to continue from; a training that was killed at once begins again. */
  get hasState(): boolean {
    return stateFiles.some((name) => existsSync(path.join(this.folder, name)));
  }

  /** Whether the model in the version directory is this training's own. */
  async hasSaved(): Promise<boolean> {
    const stamp = await stampOf(this.directory);
    return stamp !== null && stamp !== this.record.replaces;
  }

  /** @throws SignetError `INVALID_TRAINING_STATE` that says how the images have changed since the training began. */
  checkImages(scan: ImageScan): void {
    const changes = changedImages(this.record.images, fingerprintImages(scan));
    if (changes.length === 0) return;
    throw new SignetError(
      'INVALID_TRAINING_STATE',
      `The images in ${nameOfScan(scan)} are not those that the training in ${this.folder} began with.\n${changes.join('\n')}\n` +
        'Put them back as they were, give --train-dataset-path, or begin again without --resume.',
    );
  }

  /** Makes this process the owner of the training. @throws SignetError `INVALID_TRAINING_STATE` when another one does, `CANNOT_WRITE`. */
  async takeOver(): Promise<InterruptedTraining<Options>> {
    await assertIdle(this.folder);
    const training = new InterruptedTraining(this.directory, { ...this.record, process: await ownIdentity() });
    await writeRecord(training.folder, training.record);
    return training;
  }

  /** Removes the folder of a training that is done, or not to be resumed. */
  async remove(): Promise<void> {
    await removeModelDirectory(this.folder);
  }
}

/** Distinguishes a SavedModel from one that takes its place. */
async function stampOf(directory: string): Promise<string | null> {
  const stats = await stat(path.join(directory, 'saved_model.pb')).catch(() => null);
  return stats && `${stats.ino} ${stats.mtimeMs}`;
}

async function assertIdle(folder: string): Promise<void> {
  // A damaged record does not name a process.
  const record = await readRecord(folder, (options) => options).catch(() => null);
  if (!record || !(await isStillRunning(record.process))) return;
  throw new SignetError(
    'INVALID_TRAINING_STATE',
    `${folder} is the training of process ${record.process.id}, which is running. Wait for it or end it, or choose another version.`,
  );
}
