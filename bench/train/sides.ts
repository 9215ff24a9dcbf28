import { fileURLToPath } from 'node:url';

import { python } from '../../test/helpers/python/python.js';
import { compiled } from '../compiled.js';
import { startLineProcess } from '../line-process.js';
import type { FitProcess, Side, Slice, Task } from './side.js';

/** Signet's `fit`, or TF.js's own `fitDataset` with `jit` of `off`. */
export function tfjsSide(name: string, task: Task, jit: 'graph' | 'xla' | 'off'): Side {
  return { name, start: () => startFit(process.execPath, [compiled('train/tfjs-fit.js')], { ...task, jit }) };
}

/** Keras 3 on TensorFlow's CPU build. */
export function kerasSide(name: string, task: Task, jit: boolean): Side {
  return { name, start: () => startFit(python, [script('keras_fit.py')], { ...task, jit }) };
}

function script(name: string): string {
  return fileURLToPath(new URL(`./${name}`, import.meta.url));
}

function startFit(command: string, args: readonly string[], task: object): FitProcess {
  const { tell, ask, end, ended } = startLineProcess(command, args);
  tell(JSON.stringify(task));
  return {
    run: async (steps) => JSON.parse(await ask(JSON.stringify({ steps }))) as Slice,
    end: async () => {
      end();
      await ended;
    },
  };
}
