import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { pythonFolder } from '../../test/helpers/python/python.js';
import { startLineProcess } from '../line-process.js';

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
  const { tell, ask, end } = startLineProcess(path.join(pythonFolder, 'bin', 'python'), [script]);
  tell(JSON.stringify(task));
  const road = (name: string) => async (batch: number, calls: number) =>
    JSON.parse(await ask(JSON.stringify({ road: name, batch, calls }))) as Slice;
  return { road, end };
}
