import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { pythonFolder } from '../../test/helpers/python.js';

/** What is run: images of random pixels, since only time is measured. */
export interface Task {
  /** Height and width, in pixels. */
  readonly size: number;
  readonly classes: number;
  /** A version's directory. */
  readonly savedModel: string;
}

/** What a slice took. */
export interface Slice {
  readonly seconds: number;
  /** Of all cores: says more than `seconds` on a machine that others use too. */
  readonly cpuSeconds: number;
}

/** Answers so many batches. */
export type Road = (batch: number, calls: number) => Promise<Slice>;

/** Keras 3 and Python TensorFlow in one process, which waits while others are measured. */
export function startPython(task: Task): { readonly road: (name: string) => Road; readonly end: () => void } {
  const script = fileURLToPath(new URL('./keras_predict.py', import.meta.url));
  const child = spawn(path.join(pythonFolder, 'bin', 'python'), [script], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.write(`${JSON.stringify(task)}\n`);
  const road = (name: string) => async (batch: number, calls: number) => {
    child.stdin.write(`${JSON.stringify({ road: name, batch, calls })}\n`);
    const line = await lines.next();
    if (line.done) throw new Error(`Python ended with ${child.exitCode}`);
    return JSON.parse(line.value) as Slice;
  };
  return { road, end: () => child.stdin.end() };
}
