import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** In the name of whatever is not finished yet; a later run sweeps away what carries it. */
const unfinished = '.signet-unfinished-';

/** A path beside the final one, on the same disk, so that `rename` can put it in place in one step. */
function beside(path: string): string {
  return `${path}${unfinished}${randomBytes(4).toString('hex')}`;
}

/** Makes a file whole or not at all, over what was there. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = beside(path);
  await writeFile(draft, text);
  await rename(draft, path);
}

/** Copies a file whole or not at all. A process that has the old one loaded keeps it. */
export async function replaceByCopy(source: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = beside(path);
  await copyFile(source, draft);
  await rename(draft, path);
}

/** Points a symbolic link at a folder in one step, over a link or folder that was there. */
export async function replaceLink(target: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = beside(path);
  await symlink(target, draft);
  try {
    await rename(draft, path);
  } catch (error) {
    // A real folder cannot be renamed over: it steps aside first.
    if (!['EISDIR', 'EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await replaceFolder(draft, path);
  }
}

/** Moves a finished folder to its place, over what was there. */
export async function replaceFolder(finished: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const old = beside(path);
  try {
    await rename(path, old);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await rename(finished, path);
  await remove(old);
}

/** Removes what killed runs left beside finished things in a folder. */
export async function sweep(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const leftovers = names.filter((name) => name.includes(unfinished));
  await Promise.all(leftovers.map((name) => remove(join(folder, name))));
}

/**
 * Removes a file or folder, if it can be. A child of a killed run may still be writing there; then the next run removes
 * the rest.
 */
export async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
}
