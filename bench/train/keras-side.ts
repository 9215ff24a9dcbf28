import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { pythonFolder } from '../../test/helpers/python.js';
import { startLineProcess } from '../line-process.js';
import type { Side, Task } from './side.js';

/** Keras 3 on TensorFlow's CPU build, in a Python process of its own. */
export function kerasSide(task: Task, jit: boolean): Side {
  const script = fileURLToPath(new URL('./keras_fit.py', import.meta.url));
  const { tell, ask, end } = startLineProcess(path.join(pythonFolder, 'bin', 'python'), [script]);
  tell(JSON.stringify({ ...task, jit }));
  return {
    name: jit ? 'Keras, jit_compile=True' : 'Keras',
    run: async (steps) => (JSON.parse(await ask(JSON.stringify({ steps }))) as { seconds: number }).seconds,
    end: () => {
      end();
      return Promise.resolve();
    },
  };
}
