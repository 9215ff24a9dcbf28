import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import { recoverModelDirectories } from '../../files/model-directory.js';
import { InterruptedTraining, interruptedVersions } from './interrupted-training.js';
import { tryToWrite } from '../../files/cannot-write.js';

/**
 * The directory of a version, `FOLDER/TYPE/VERSION`, ready to be written: leftovers of a crash are mended, and that the
 * folder can be written is tried now rather than after an hour of training. Nothing is made yet: what fails until then leaves nothing.
 *
 * @param version Default: the next free one.
 * @throws SignetError `MODEL_EXISTS`, `CANNOT_WRITE`.
 */
export async function prepareVersion(
  folder: string,
  type: string,
  version: number | undefined,
  overwrite: boolean,
): Promise<string> {
  const parent = path.join(folder, type);
  await tryToWrite(parent);
  await recoverModelDirectories(parent);
  const chosen = version ?? (await latestVersion(parent)) + 1;
  const directory = path.join(parent, String(chosen));
  const training = InterruptedTraining.folderOf(directory);
  if (!overwrite && existsSync(training)) {
    throw new SignetError(
      'MODEL_EXISTS',
      `${training} keeps an interrupted training of that version: train-model --resume goes on with it. Give another --model-version, leave it ` +
        'out for the next free one, or replace it with --overwrite.',
    );
  }
  if (existsSync(directory) && !overwrite) {
    throw new SignetError(
      'MODEL_EXISTS',
      `${directory} exists. Give another --model-version, leave it out for the next free one, or replace it with --overwrite.`,
    );
  }
  return directory;
}

async function latestVersion(parent: string): Promise<number> {
  const versions = (existsSync(parent) ? await readdir(parent) : []).filter((name) => /^\d+$/.test(name)).map(Number);
  // One whose training was interrupted may yet be done.
  return Math.max(0, ...versions, ...(await interruptedVersions(parent)));
}
