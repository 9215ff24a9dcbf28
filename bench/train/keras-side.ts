import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { pythonFolder } from '../../test/helpers/python.js';
import type { Side, Task } from './side.js';

/** Keras 3 on TensorFlow's CPU build, in a Python process of its own. */
export function kerasSide(task: Task, jit: boolean): Side {
  const script = fileURLToPath(new URL('./keras_fit.py', import.meta.url));
  const child = spawn(path.join(pythonFolder, 'bin', 'python'), [script], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.write(`${JSON.stringify({ ...task, jit })}\n`);
  return {
    name: jit ? 'Keras, jit_compile=True' : 'Keras',
    run: async (steps) => {
      child.stdin.write(`${JSON.stringify({ steps })}\n`);
      const line = await lines.next();
      if (line.done) throw new Error(`Keras ended with ${child.exitCode}`);
      return (JSON.parse(line.value) as { seconds: number }).seconds;
    },
    end: () => {
      child.stdin.end();
      return Promise.resolve();
    },
  };
}
