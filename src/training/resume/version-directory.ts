import { existsSync } from 'node:fs';
import { readdir, rmdir } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import { tryToWrite } from '../../files/cannot-write.js';
import { recoverModelDirectories } from '../../files/model-directory.js';
import { withLock } from '../../files/with-lock.js';
import { interruptedVersions } from './find-interrupted-training.js';
import { InterruptedTraining } from './interrupted-training.js';

/** Version directory to use. */
export interface WantedVersion {
  readonly modelFolderPath: string;
  /** Name of the model's class. */
  readonly modelType: string;
  /** Default: the next free one. */
  readonly modelVersion: number | undefined;
  /** Whether a model or an interrupted training that is there may be replaced. */
  readonly overwrite: boolean;
}

/** Directory for a training's model, `FOLDER/TYPE/VERSION`. */
export class VersionDirectory {
  #path: string;

  private constructor(
    directory: string,
    /** Whether the version was not given, so that it may still change. */
    private readonly isNextFree: boolean,
    private readonly mayReplace: boolean,
    /** Folders above it that did not exist when it was prepared, the innermost first. */
    private readonly missing: readonly string[],
  ) {
    this.#path = directory;
  }

  /**
   * Chooses the directory, cleans up after crashes in its parent, and tries now, rather than after an hour of training, whether it can be written.
   * Creates nothing, so that a failure before the training begins leaves nothing behind.
   *
   * @throws SignetError `MODEL_EXISTS`, `CANNOT_WRITE`.
   */
  static async prepare(wanted: WantedVersion): Promise<VersionDirectory> {
    const parent = path.join(wanted.modelFolderPath, wanted.modelType);
    await tryToWrite(parent);
    await recoverModelDirectories(parent);
    const version = wanted.modelVersion ?? (await latestVersion(parent)) + 1;
    const directory = path.join(parent, String(version));
    if (!wanted.overwrite) assertFree(directory);
    return new VersionDirectory(directory, wanted.modelVersion === undefined, wanted.overwrite, missingFolders(parent));
  }

  /** `FOLDER/TYPE/VERSION`. */
  get path(): string {
    return this.#path;
  }

  /**
   * Begins a training or writes a model, while no other process does so for the same class. If no version was given and the chosen one has been taken
   * since, the next free one is used.
   *
   * @throws SignetError `MODEL_EXISTS` when the given version has a model by now, and may not be replaced.
   */
  async claim<T>(begin: () => Promise<T>): Promise<T> {
    const lost = () =>
      new SignetError(
        'CANNOT_WRITE',
        `Another training took over ${this.parent} while this one was stopped. Start it again.`,
      );
    return withLock(this.parent, { name: '.begin.lock', lost }, async () => {
      if (this.isNextFree && isTaken(this.path)) {
        this.#path = path.join(this.parent, String((await latestVersion(this.parent)) + 1));
      } else if (!this.mayReplace && existsSync(this.path)) throw alreadyThere(this.path);
      return begin();
    });
  }

  /** The folder of the model's class. */
  get parent(): string {
    return path.dirname(this.path);
  }

  /** Removes the folders that a failed training has created above the directory, if nothing else is in them. */
  async removeEmptyParents(): Promise<void> {
    for (const folder of this.missing) {
      const isRemoved = await rmdir(folder).then(
        () => true,
        () => false,
      );
      if (!isRemoved) return;
    }
  }
}

function assertFree(directory: string): void {
  const training = InterruptedTraining.folderOf(directory);
  if (existsSync(training)) {
    throw new SignetError(
      'MODEL_EXISTS',
      `${training} keeps an interrupted training of that version: train-model --resume continues it. Give another --model-version, leave it ` +
        'out for the next free one, or replace it with --overwrite.',
    );
  }
  if (existsSync(directory)) throw alreadyThere(directory);
}

function alreadyThere(directory: string): SignetError {
  return new SignetError(
    'MODEL_EXISTS',
    `${directory} exists. Give another --model-version, leave it out for the next free one, or replace it with --overwrite.`,
  );
}

function isTaken(directory: string): boolean {
  return existsSync(directory) || existsSync(InterruptedTraining.folderOf(directory));
}

async function latestVersion(parent: string): Promise<number> {
  const versions = (existsSync(parent) ? await readdir(parent) : []).filter((name) => /^\d+$/.test(name)).map(Number);
  // An interrupted training may still be completed.
  return Math.max(0, ...versions, ...(await interruptedVersions(parent)));
}

function missingFolders(folder: string): string[] {
  const missing: string[] = [];
  for (let each = path.resolve(folder); !existsSync(each); each = path.dirname(each)) missing.push(each);
  return missing;
}
