import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { pythonFolder } from '../../test/helpers/python/python.js';
import { startLineProcess } from '../line-process.js';

/** What to run: images of random pixels, because only time is measured. */
export interface Task {
  /** Height and width, in pixels. */
  readonly size: number;
  readonly classes: number;
  /** A version's directory. */
  readonly savedModel: string;
}

/** Cost of a slice. */
export interface Slice {
  readonly seconds: number;
  /** Processor time of all cores, which says more than `seconds` on a busy machine. */
  readonly cpuSeconds: number;
}

/** Runs a number of batches. */
export type Road = (batch: number, calls: number) => Promise<Slice>;

/** Keras 3 and Python TensorFlow in one process, which waits while others are measured. */
export function startPython(task: Task): { readonly road: (name: string) => Road; readonly end: () => void } {
  const script = fileURLToPath(new URL('./keras_predict.py', import.meta.url));
  const { tell, ask, end } = startLineProcess(path.join(pythonFolder, 'bin', 'python'), [script]);
  tell(JSON.stringify(task));
  const road = (name: string) => async (batch: number, calls: number) =>
    JSON.parse(await ask(JSON.stringify({ road: name, batch, calls }))) as Slice;
  return { road, end };
}
