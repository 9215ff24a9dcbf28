import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../errors.js';

/** Beside a model directory `7`: `.7.new-PID` while it is written, `.7.old-PID` while it is replaced. */
const leftover = /^\.(.+)\.(new|old)-(\d+)$/;

/**
 * Writes a model directory so that it is never seen half-written: beside its place, synced, then renamed.
 *
 * Between the two renames that replace an existing directory there is an instant without any; a crash just then is mended
 * by `recoverModelDirectories`.
 *
 * @param directory Where it will be; replaced if it exists.
 * @param write Fills the directory that it is given.
 * @throws SignetError `CANNOT_WRITE` that names the directory and says why.
 */
export async function writeModelDirectory(directory: string, write: (folder: string) => Promise<void>): Promise<void> {
  const parent = path.dirname(path.resolve(directory));
  const name = path.basename(path.resolve(directory));
  const made = path.join(parent, `.${name}.new-${process.pid}`);
  const old = path.join(parent, `.${name}.old-${process.pid}`);
  try {
    await mkdir(parent, { recursive: true });
    await rm(made, { recursive: true, force: true });
    await mkdir(made);
    await write(made);
    await syncDirectory(made);
    if (existsSync(directory)) await rename(directory, old);
    await rename(made, directory);
    await syncDirectory(parent);
    await rm(old, { recursive: true, force: true });
  } catch (error) {
    await rm(made, { recursive: true, force: true }).catch(() => undefined);
    throw cannotWrite(directory, error);
  }
}

/**
 * Takes a model directory away so that it is never seen half-removed: a crash leaves what `recoverModelDirectories` removes.
 *
 * @throws SignetError `CANNOT_WRITE`.
 */
export async function removeModelDirectory(directory: string): Promise<void> {
  const { dir, base } = path.parse(path.resolve(directory));
  const removed = path.join(dir, `.${base}.new-${process.pid}`);
  try {
    await rm(removed, { recursive: true, force: true });
    if (existsSync(directory)) await rename(directory, removed);
    await rm(removed, { recursive: true, force: true });
  } catch (error) {
    throw cannotWrite(directory, error);
  }
}

/**
 * Mends what a crash left in a folder of model directories: takes half-written ones away, and puts a directory back that
 * was about to be replaced.
 *
 * What a process that still runs is writing is left alone.
 */
export async function recoverModelDirectories(parent: string): Promise<void> {
  const entries = await readdir(parent).catch(() => []);
  for (const entry of entries) {
    const [, name, kind, pid] = leftover.exec(entry) ?? [];
    if (name === undefined || isRunning(Number(pid))) continue;
    const from = path.join(parent, entry);
    const to = path.join(parent, name);
    if (kind === 'old' && !existsSync(to)) await rename(from, to);
    else await rm(from, { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Puts a directory's entries on the disk: a file that is synced in a directory that is not may be gone after a crash. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

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

/** Why a directory cannot be written, and what to do. */
export function cannotWrite(directory: string, error: unknown): SignetError {
  if (error instanceof SignetError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = reasons[code ?? ''] ?? `${message}.`;
  return new SignetError('CANNOT_WRITE', `Cannot write ${directory}: ${reason}`, { cause: error });
}
