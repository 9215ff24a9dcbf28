import { lstat, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../errors.js';

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission is denied. Choose another folder, or change its permissions.',
  EPERM: 'permission is denied. Choose another folder, or change its permissions.',
  EROFS: 'its file system is read-only. Choose another folder.',
  ENOSPC: 'the disk is full. Free some space, or choose another folder.',
  EDQUOT: 'the disk quota is used up. Free some space, or choose another folder.',
  ENOTDIR: 'a part of the path is a file. Choose another folder.',
  EEXIST: 'a part of the path is a file. Choose another folder.',
  ENAMETOOLONG: 'the path is too long. Choose a shorter one.',
};

/** Makes the error that says why a directory cannot be written, and what to do. A `SignetError` stays as it is. */
export function cannotWrite(directory: string, error: unknown): SignetError {
  if (error instanceof SignetError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = reasons[code ?? ''] ?? `${message}.`;
  return new SignetError('CANNOT_WRITE', `Cannot write ${directory}: ${reason}`, { cause: error });
}

/**
 * Checks that files can be written in a folder or, if it does not exist yet, in the folder where it would be made. Leaves nothing behind, not even an
 * empty folder.
 *
 * @throws SignetError `CANNOT_WRITE`.
 */
export async function tryToWrite(folder: string): Promise<void> {
  const probe = path.join(await nearestThatExists(path.resolve(folder)), `.write-test-${process.pid}`);
  try {
    await writeFile(probe, 'x');
  } catch (error) {
    throw cannotWrite(folder, error);
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

/** Finds the nearest folder that exists. A dangling link counts: no folder can be made in its place. */
async function nearestThatExists(folder: string): Promise<string> {
  const parent = path.dirname(folder);
  const exists = await lstat(folder).then(
    () => true,
    // A path that is too long, or has a file in its middle: writing there gives the reason.
    (error: unknown) => (error as NodeJS.ErrnoException).code !== 'ENOENT',
  );
  return exists || parent === folder ? folder : nearestThatExists(parent);
}
