import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import { changedImages, type ClassFingerprint, fingerprintImages } from '../../data/scan/fingerprint-images.js';
import type { ImageScan } from '../../data/scan/image-scan.js';
import { SignetError } from '../../errors.js';
import { cannotWrite } from '../../files/cannot-write.js';
import { removeModelDirectory, writeModelDirectory } from '../../files/model-directory.js';
import { replaceFile } from '../../files/replace.js';
import { isStillRunning, ownIdentity, type ProcessIdentity } from '../../files/process-identity.js';
import { optionsToRemember, parseRememberedOptions } from './remembered-options.js';
import type { TrainModelOptions } from './train-model-options.js';

/** What is known of a training beside its state, from its beginning on. */
export interface TrainingRecord {
  readonly options: Partial<TrainModelOptions>;
  /** The images that it learns from, those for validation included. */
  readonly images: readonly ClassFingerprint[];
  /** Who trains it, or did. */
  readonly process: ProcessIdentity;
  /** What was in its version directory before, see `stampOf`; null when nothing was. */
  readonly replaces: string | null;
}

/**
 * A training that has begun and is not done: `models/LenetModel/.3.training` beside the version directory that it is to fill, with
 * `training.json` and what `BackupAndRestore` keeps. Servers pass over names that are no numbers.
 */
export class InterruptedTraining {
  private constructor(
    /** The version directory. */
    readonly directory: string,
    readonly record: TrainingRecord,
  ) {}

  /** The folder of a version's training, whether there is one or not. */
  static folderOf(directory: string): string {
    return path.join(path.dirname(directory), `.${path.basename(directory)}.training`);
  }

  /**
   * Begins a training; one that was interrupted before is gone with that.
   *
   * @param writeState Gives it a state from elsewhere, whose best model is in the version directory already: what this writes into a folder
   * appears with the record, or not at all. Default: it begins at its beginning.
   * @throws SignetError `CANNOT_WRITE`, or `INVALID_TRAINING_STATE` when another process trains the same version.
   */
  static async begin(
    directory: string,
    options: TrainModelOptions,
    scan: ImageScan,
    writeState: ((folder: string) => Promise<void>) | null = null,
  ): Promise<InterruptedTraining> {
    const folder = InterruptedTraining.folderOf(directory);
    await assertIdle(folder);
    await removeModelDirectory(folder);
    const record = {
      options: optionsToRemember({ ...options, modelVersion: Number(path.basename(directory)) }),
      images: fingerprintImages(scan),
      process: await ownIdentity(),
      replaces: writeState ? null : await stampOf(directory),
    };
    const training = new InterruptedTraining(directory, record);
    if (!writeState) await training.#write();
    else {
      await writeModelDirectory(folder, async (made) => {
        await writeState(made);
        await writeRecord(made, record);
      });
    }
    return training;
  }

  /** @throws SignetError `INVALID_TRAINING_STATE` when it is damaged; null when there is none. */
  static async find(directory: string): Promise<InterruptedTraining | null> {
    const record = await readRecord(InterruptedTraining.folderOf(directory));
    return record && new InterruptedTraining(directory, record);
  }

  get folder(): string {
    return InterruptedTraining.folderOf(this.directory);
  }

  /** Where workers write their model; beside it, in `output.training`, they keep their state, see `trainWithWorkers`. */
  get workersOutput(): string {
    return path.join(this.folder, 'workers', 'output');
  }

  /** Whether there is a state to go on from; a training that was killed at once begins again. */
  get hasState(): boolean {
    return stateFiles.some((name) => existsSync(path.join(this.folder, name)));
  }

  /** Whether the model in the version directory is this training's own. */
  async hasSaved(): Promise<boolean> {
    const stamp = await stampOf(this.directory);
    return stamp !== null && stamp !== this.record.replaces;
  }

  /** Makes this process the one that trains it. @throws SignetError `INVALID_TRAINING_STATE` when another one does. */
  async takeOver(): Promise<InterruptedTraining> {
    await assertIdle(this.folder);
    const training = new InterruptedTraining(this.directory, { ...this.record, process: await ownIdentity() });
    await training.#write();
    return training;
  }

  /** It is done, or not to be resumed. */
  async remove(): Promise<void> {
    await removeModelDirectory(this.folder);
  }

  async #write(): Promise<void> {
    try {
      await mkdir(this.folder, { recursive: true });
      await writeRecord(this.folder, this.record);
    } catch (error) {
      throw cannotWrite(this.folder, error);
    }
  }
}

/** @throws SignetError `INVALID_TRAINING_STATE` that says how the images have changed since a training began. */
export function assertSameImages({ folder, record }: InterruptedTraining, scan: ImageScan): void {
  const changes = changedImages(record.images, fingerprintImages(scan));
  if (changes.length === 0) return;
  throw new SignetError(
    'INVALID_TRAINING_STATE',
    `The images in ${scan.directory} are not those that the training in ${folder} began with.\n${changes.join('\n')}\n` +
      'Put them back as they were, give --train-dataset-path, or begin anew without --resume.',
  );
}

/** Versions of a folder whose trainings are not done. */
export async function interruptedVersions(parent: string): Promise<number[]> {
  const names = await readdir(parent).catch(() => []);
  return names.flatMap((name) => {
    const version = Number(/^\.(\d+)\.training$/.exec(name)?.[1] ?? NaN);
    return Number.isSafeInteger(version) && existsSync(path.join(parent, name, recordFile)) ? [version] : [];
  });
}

/** When the training was last written to, in milliseconds. */
export async function lastWritten(directory: string): Promise<number> {
  const folder = InterruptedTraining.folderOf(directory);
  const times = [recordFile, ...stateFiles].map((name) =>
    stat(path.join(folder, name)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    ),
  );
  return Math.max(...(await Promise.all(times)));
}

const recordFile = 'training.json';
/** What is written last of a state: `BackupAndRestore`'s, and that of workers. */
const stateFiles = ['training_metadata.json', path.join('workers', 'output.training', 'last')] as const;
const format = 1;
/** Options, and a line for each class. */
const recordLimit = 2 ** 24;

async function writeRecord(folder: string, record: TrainingRecord): Promise<void> {
  await replaceFile(path.join(folder, recordFile), JSON.stringify({ format, ...record }, null, 2));
}

/** Tells a SavedModel from the one that takes its place. */
async function stampOf(directory: string): Promise<string | null> {
  const stats = await stat(path.join(directory, 'saved_model.pb')).catch(() => null);
  return stats && `${stats.ino} ${stats.mtimeMs}`;
}

async function assertIdle(folder: string): Promise<void> {
  // One that is damaged is nobody's.
  const record = await readRecord(folder).catch(() => null);
  if (!record || !(await isStillRunning(record.process))) return;
  throw new SignetError(
    'INVALID_TRAINING_STATE',
    `${folder} is the training of process ${record.process.id}, which runs. Wait for it or end it, or choose another version.`,
  );
}

async function readRecord(folder: string): Promise<TrainingRecord | null> {
  const file = path.join(folder, recordFile);
  const size = await stat(file).then(
    (stats) => stats.size,
    () => null,
  );
  if (size === null) return null;
  const value = size > recordLimit ? null : parse(await readFile(file, 'utf8'));
  const { options, images, process: owner, replaces, ...rest } = asObject(value);
  const { id, started } = asObject(owner);
  if (rest.format !== format || !Array.isArray(images) || !Number.isSafeInteger(id)) {
    throw new SignetError(
      'INVALID_TRAINING_STATE',
      `${file} is damaged, or of another version of Signet. Begin the training anew, without --resume, or remove ${folder}.`,
    );
  }
  return {
    options: parseRememberedOptions(options, file),
    images: images.map(parseClass),
    process: { id: id as number, started: typeof started === 'string' ? started : null },
    replaces: typeof replaces === 'string' ? replaces : null,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function parseClass(value: unknown): ClassFingerprint {
  const { name, images, digest } = asObject(value);
  return { name: String(name), images: Number(images), digest: String(digest) };
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
