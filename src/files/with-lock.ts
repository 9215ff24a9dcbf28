import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import lockfile from 'proper-lockfile';

import { SignetError } from '../errors.js';

/** How to wait for a lock. */
export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called once, when another process holds the lock. */
  readonly onWait?: (() => void) | undefined;
  /** The lock's name in the folder. Default: `.set-up.lock`. */
  readonly name?: string;
  /** Makes the error that ends the task when the lock is lost. Default: one about a set-up. */
  readonly lost?: () => SignetError;
}

/** After this long without a sign of life, the holder of a lock counts as killed, in milliseconds. */
const stale = 5000;
/** How often a waiter tries again, in milliseconds. */
const retryEvery = 250;

/**
 * Runs a task while holding a folder's lock, which one process on this machine (or on a shared disk) holds at a time.
 *
 * The lock of a killed process is taken over after 5 seconds. The task's signal is raised when the caller's is, or when
 * the lock was lost to somebody else because this process was stopped for too long.
 */
export async function withLock<T>(
  folder: string,
  options: LockOptions,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  await mkdir(folder, { recursive: true });
  const lost = new AbortController();
  const setUpLost = () =>
    new SignetError(
      'SET_UP_FAILED',
      `Another set-up took over ${folder} while this one was stopped. Run set-up again.`,
    );
  const release = await acquire(folder, options, () => lost.abort((options.lost ?? setUpLost)()));
  try {
    return await task(AbortSignal.any([lost.signal, ...(options.signal ? [options.signal] : [])]));
  } finally {
    if (!lost.signal.aborted) await release();
  }
}

async function acquire(folder: string, options: LockOptions, onCompromised: () => void): Promise<() => Promise<void>> {
  for (let waiting = false; ; waiting = true) {
    options.signal?.throwIfAborted();
    try {
      const lockfilePath = join(folder, options.name ?? '.set-up.lock');
      return await lockfile.lock(folder, { lockfilePath, stale, update: stale / 5, onCompromised });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
    }
    if (!waiting) options.onWait?.();
    await new Promise((resolve) => setTimeout(resolve, retryEvery));
  }
}
