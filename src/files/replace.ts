import { randomBytes } from 'node:crypto';
import { copyFile, type FileHandle, mkdir, open, readdir, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Part of the name of whatever is unfinished; `sweep` removes what has it. */
const unfinished = '.signet-unfinished-';

/** A path next to the final one, on the same disk, so that `rename` can put it in place in one step. */
function draftOf(path: string): string {
  return `${path}${unfinished}${randomBytes(4).toString('hex')}`;
}

/**
 * Replaces a file's content, or creates the file and its folder: a crash at any instant leaves the old content or the new one, on the
 * disk. For one writer at a time.
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // One fixed name, so that the next writer clears what a crash has left.
  const draft = `${path}.new`;
  await rm(draft, { force: true });
  await writeFileSynced(draft, (file) => file.writeFile(content));
  await rename(draft, path);
  await syncDirectory(dirname(path));
}

/** Creates a file, which `write` fills. */
export type CreateFile = (path: string, write: (file: FileHandle) => Promise<void>) => Promise<void>;

/** Creates a file and makes sure that it is on the disk, not only in the system's cache. */
export const writeFileSynced: CreateFile = (path, write) =>
  createFile(path, async (file) => {
    await write(file);
    await file.sync();
  });

/** Creates a file that need not survive a crash, such as one that is read once and removed. */
export const createFile: CreateFile = async (path, write) => {
  const file = await open(path, 'wx');
  try {
    await write(file);
  } finally {
    await file.close();
  }
};

/** Writes a directory's entries to the disk: a file that is synced may still be gone after a crash if its directory is not. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Copies a file whole or not at all. A process that has the old one loaded keeps it. */
export async function replaceByCopy(source: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = draftOf(path);
  await copyFile(source, draft);
  await rename(draft, path);
}

/** Points a symbolic link at a folder in one step, over a link or folder that was there. */
export async function replaceLink(target: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = draftOf(path);
  await symlink(target, draft);
  try {
    await rename(draft, path);
  } catch (error) {
    // A real folder cannot be renamed over: it is moved aside first.
    if (!['EISDIR', 'EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await replaceFolder(draft, path);
  }
}

/** Moves a finished folder to its place, over what was there. */
export async function replaceFolder(finished: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const old = draftOf(path);
  try {
    await rename(path, old);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await rename(finished, path);
  await remove(old);
}

/** Removes the unfinished files that killed runs have left in a folder. */
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
