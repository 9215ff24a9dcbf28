import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';

import { cannotWrite } from './cannot-write.js';
import { isRunning } from './process-identity.js';
import { syncDirectory } from './replace.js';

/** Next to a model directory `7`: `.7.new-PID` while it is written, `.7.old-PID` while it is replaced. */
const leftover = /^\.(.+)\.(new|old)-(\d+)$/;

/**
 * Writes a model directory so that it is never seen half-written: next to its place, synced, then renamed.
 *
 * Between the two renames that replace an existing directory there is an instant without one; `recoverModelDirectories`
 * repairs a crash at that instant.
 *
 * @param directory Its place; what is there is replaced.
 * @param write Fills the directory that it receives.
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
    crashAfter('make', name);
    await write(made);
    crashAfter('write', name);
    await syncDirectory(made);
    crashAfter('sync', name);
    if (existsSync(directory)) await rename(directory, old);
    crashAfter('move-away', name);
    await rename(made, directory);
    crashAfter('move-in', name);
    await syncDirectory(parent);
    await rm(old, { recursive: true, force: true });
    crashAfter('remove', name);
  } catch (error) {
    await rm(made, { recursive: true, force: true }).catch(() => undefined);
    throw cannotWrite(directory, error);
  }
}

/** Kills this process after a step of writing a directory, if a test of crashes asks for it, as in `move-in 7`. */
function crashAfter(step: 'make' | 'write' | 'sync' | 'move-away' | 'move-in' | 'remove', name: string): void {
  if (process.env.SIGNET_TEST_CRASH_AFTER === `${step} ${name}`) process.kill(process.pid, 'SIGKILL');
}

/**
 * Removes a model directory so that it is never seen half-removed: a crash leaves what `recoverModelDirectories` removes.
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
 * Repairs what a crash left in a folder of model directories: removes half-written ones, and restores a directory that was about
 * to be replaced.
 *
 * Directories that another running process is writing are left alone.
 */
export async function recoverModelDirectories(parent: string): Promise<void> {
  const entries = await readdir(parent).catch(() => []);
  for (const entry of entries) {
    const [, name, kind, pid] = leftover.exec(entry) ?? [];
    const isBeingWritten = Number(pid) !== process.pid && isRunning(Number(pid));
    if (name === undefined || isBeingWritten) continue;
    const from = path.join(parent, entry);
    const to = path.join(parent, name);
    if (kind === 'old' && !existsSync(to)) await rename(from, to);
    else await rm(from, { recursive: true, force: true });
  }
}
