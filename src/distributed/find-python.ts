import { SignetError } from '../errors.js';
import { lastLines } from '../files/run-child.js';
import { runTool, toolPath } from '../files/run-tool.js';

/** Finds the package without importing it, since that takes seconds. */
const question = 'import importlib.util, sys; sys.exit(0 if importlib.util.find_spec("tensorflow") else 3)';

/**
 * The Python that has TensorFlow: the program that the environment variable SIGNET_PYTHON names, else `python3`.
 *
 * @throws SignetError `NOT_SET_UP` when there is none, or it has no TensorFlow.
 */
export async function findPython(environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const python = environment.SIGNET_PYTHON ?? 'python3';
  const result = await runTool(python, ['-c', question], { env: environment });
  if (result.ok) return toolPath(python);
  const reason = result.ending === 'exit status 3' ? 'has no package tensorflow' : `ends with ${result.ending}`;
  throw new SignetError(
    'NOT_SET_UP',
    `Training with several workers needs Python 3.10 or later with TensorFlow 2.16 or later. ${python} ${reason}. ` +
      'Make an environment, "python3 -m venv tf && tf/bin/pip install tensorflow", and name its Python: SIGNET_PYTHON=tf/bin/python. ' +
      lastLines(result.output),
  );
}
