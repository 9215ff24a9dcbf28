import { closeSync, fstatSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { devNull } from 'node:os';
import { isMainThread } from 'node:worker_threads';

/**
 * Loads TensorFlow's library before `tf.ts` imports it, with standard error turned away meanwhile.
 *
 * TensorFlow 2.21 logs ("oneDNN custom operations are on") from a static initializer, before any call could lower its log
 * level. Node.js has no dup2: descriptor 2 is closed, and the next file that is opened takes its place. Only the main thread
 * may do that, since another thread that opened a file just then would get it. `TF_CPP_MIN_LOG_LEVEL=0` leaves all as it is.
 */
function loadQuietly(): void {
  if (process.env.TF_CPP_MIN_LOG_LEVEL === '0' || !isMainThread || process.platform === 'win32') {
    load();
    return;
  }
  const restore = turnStandardErrorAway();
  try {
    load();
  } finally {
    restore();
  }
}

function load(): void {
  createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu');
}

function turnStandardErrorAway(): () => void {
  const kept = isRegularFile(2) ? null : reopen(2);
  // A socket, which is what a parent in Node.js gives for a pipe, cannot be opened again; a file can, but whoever shares it
  // (`> log 2>&1`, the next command of a script) would not see how far it was written, and write over it. The lines are seen
  // there rather than others lost.
  if (kept === null) return () => undefined;
  closeSync(2);
  openSync(devNull, 'w');
  return () => {
    closeSync(2);
    reopen(kept);
    closeSync(kept);
  };
}

function isRegularFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile();
  } catch {
    return false;
  }
}

/** Another descriptor for the same terminal or pipe. */
function reopen(descriptor: number): number | null {
  try {
    return openSync(`/dev/fd/${descriptor}`, 'a');
  } catch {
    return null;
  }
}

loadQuietly();
