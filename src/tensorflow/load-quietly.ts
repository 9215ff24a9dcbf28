import { closeSync, openSync } from 'node:fs';
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
  const kept = reopen(2);
  // A socket, which is what a parent in Node.js gives for a pipe, cannot be opened again: the lines are seen rather than
  // standard error lost.
  if (kept === null) return () => undefined;
  closeSync(2);
  openSync(devNull, 'w');
  return () => {
    closeSync(2);
    reopen(kept);
    closeSync(kept);
  };
}

/** Another descriptor for the same file, terminal or pipe, which appends as a shell's redirection does. */
function reopen(descriptor: number): number | null {
  try {
    return openSync(`/dev/fd/${descriptor}`, 'a');
  } catch {
    return null;
  }
}

loadQuietly();
