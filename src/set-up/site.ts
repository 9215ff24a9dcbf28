import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';

import type { Wheel } from './wheel.js';
import { remove } from '../files/replace.js';

/** One step of a set-up, for a person who waits: reported when it begins, while it advances, and when it is done. */
export interface SetUpProgress {
  /** `Downloading tensorflow-cpu 2.21.0 (274 MB)` */
  readonly doing: string;
  /** How far the step is, 0 to 1, where that is known. */
  readonly fraction?: number;
  /** How long the step took, once it is done. */
  readonly seconds?: number;
}

/** Brings a wheel's file into a folder. pip's part, unless a test brings a small one. */
export type FetchWheel = (wheel: Wheel, folder: string, site: Site) => Promise<void>;

/** Advice of a message when a wheel cannot be had. */
export interface WheelAdvice {
  /** Sentence for when it can be had: `Run set-up again`. */
  readonly again: string;
  /** Sentence for doing without it, which begins with "or". */
  readonly instead: string;
}

/** Where a set-up works, and what all its stages share. */
export interface Site {
  readonly cacheFolder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Aborts the set-up: raised by Ctrl-C, or because its lock was lost. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: SetUpProgress) => void;
  /** Called with what pip and the compiler print. */
  readonly onOutput?: ((text: string) => void) | undefined;
  readonly fetchWheel: FetchWheel;
  /** Advice of messages. Default: a set-up's words. */
  readonly advice?: WheelAdvice;
}

/** Runs one step and reports its beginning and end. */
export async function step<T>(
  site: Site,
  doing: string,
  task: (advance: (fraction: number) => void) => Promise<T>,
): Promise<T> {
  const started = performance.now();
  site.onProgress({ doing });
  const result = await task((fraction) => site.onProgress({ doing, fraction }));
  site.onProgress({ doing, seconds: (performance.now() - started) / 1000 });
  return result;
}

/** The part of the cache for what is not finished. The holder of the cache's lock may empty it. */
export function unfinishedFolder(site: Pick<Site, 'cacheFolder'>): string {
  return join(site.cacheFolder, 'unfinished');
}

/** Gives a task a new empty folder on the cache's disk, and removes what the task leaves there. */
export async function withUnfinishedFolder<T>(site: Site, task: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(unfinishedFolder(site), { recursive: true });
  const folder = await mkdtemp(join(unfinishedFolder(site), 'run-'));
  try {
    return await task(folder);
  } finally {
    await remove(folder);
  }
}
