import { lstat, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { cannotWrite } from './model-directory.js';

/**
 * Tries whether files can be written in a folder, or, where there is none yet, in the folder that it would be made in. Leaves nothing
 * behind: whatever fails before there is something to write, no empty folder tells of it.
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

/** A link that leads nowhere exists: no folder can be made in its place. */
async function nearestThatExists(folder: string): Promise<string> {
  const parent = path.dirname(folder);
  const exists = await lstat(folder).then(
    () => true,
    // A path that is too long, or has a file in its middle: writing there tells the reason.
    (error: unknown) => (error as NodeJS.ErrnoException).code !== 'ENOENT',
  );
  return exists || parent === folder ? folder : nearestThatExists(parent);
}
