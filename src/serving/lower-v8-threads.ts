import { readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';

/** Niceness that the threads get in addition to the process's. */
const niceness = 10;
/** Number of V8's threads, unless `--v8-pool-size` sets it. */
const poolSize = 4;
/** Threads that Node.js starts before them: the main thread and `DelayedTaskScheduler`. */
const earlier = 2;

/**
 * Gives V8's own threads, which compile and collect garbage for all isolates of the process, a lower priority than the thread that answers. With the
 * same one, Linux lets them finish their slice of several milliseconds before a request gets the processor.
 *
 * Does nothing where this is not possible, which is everywhere but on Linux.
 *
 * @param threads Folder of the process's threads, each named by its number.
 * @param lower Sets the niceness of a thread.
 */
export function lowerV8Threads(threads = '/proc/self/task', lower = os.setPriority): void {
  if (process.platform !== 'linux' || isPoolSizeGiven()) return;
  try {
    const least = Math.min(os.getPriority(0) + niceness, os.constants.priority.PRIORITY_LOW);
    for (const thread of v8Threads(threads)) lower(thread, least);
  } catch {
    // A sandbox may forbid it, or hide the threads; then all have the same priority.
  }
}

function isPoolSizeGiven(): boolean {
  return /--v8[-_]pool[-_]size/.test([...process.execArgv, process.env.NODE_OPTIONS].join(' '));
}

/** Node.js 24 names them; before that, they are known by their numbers, which are those of the third to the sixth thread. */
function v8Threads(folder: string): number[] {
  const nameOf = (thread: number) => readFileSync(`${folder}/${thread}/comm`, 'utf8').trim();
  const threads = readdirSync(folder).map(Number).toSorted((a, b) => a - b); // prettier-ignore
  // Threads may end meanwhile, but not the first ones.
  const first = threads.slice(0, earlier + poolSize);
  const names = first.map(nameOf);
  if (names.includes('V8Worker')) return first.filter((_, i) => names[i] === 'V8Worker');
  const areAlike = new Set(names.slice(earlier)).size === 1 && names[earlier] === names[0];
  return areAlike ? first.slice(earlier) : [];
}
