import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Garbage that a thread may keep, in bytes, for V8 to collect when it likes. */
const mostGarbage = 64 * 2 ** 20;

let collect: (() => void) | undefined;
/** Bytes that were left after the last collection: memory that is in use, or kept for the next job. */
let kept = 0;

/**
 * Collects what a large job of this thread has left behind. V8 waits until a thread has allocated as much again, so the bodies and texts of several
 * jobs would stay in memory meanwhile: 630 MiB in `npm run bench:hostile`.
 */
export function collectGarbageOfLargeJobs(): void {
  if (usedBytes() - kept < mostGarbage) return;
  collect ??= exposedGc();
  collect();
  kept = usedBytes();
}

function usedBytes(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}

/** Node.js reads `--expose-gc` only when the process starts, but a new V8 context sees it even if it is set later. */
function exposedGc(): () => void {
  setFlagsFromString('--expose-gc');
  try {
    return runInNewContext('gc') as () => void;
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
