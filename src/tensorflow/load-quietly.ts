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
  const kept = reopen(2);
  // A socket, which is what a parent in Node.js gives for a pipe, cannot be opened again: the lines are seen rather than
  // standard error lost.
  if (kept === null) return () => undefined;
  closeSync(2);
  openSync(devNull, 'w');
  return () => {
    closeSync(2);
    reopen(kept);
    if (isSameFile(1, kept)) appendStandardOutput(kept);
    closeSync(kept);
  };
}

/** `command > file 2>&1`: standard output had its place in the file in common with standard error, and would write over it. */
function appendStandardOutput(file: number): void {
  closeSync(1);
  reopen(file);
}

function isSameFile(a: number, b: number): boolean {
  try {
    const [one, other] = [fstatSync(a), fstatSync(b)];
    return one.isFile() && one.ino === other.ino && one.dev === other.dev;
  } catch {
    return false;
  }
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
