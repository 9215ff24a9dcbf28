import type { ChildProcess } from 'node:child_process';
import path from 'node:path';

import { SignetError } from '../errors.js';
import { stopOnInterrupt } from '../files/stop-on-interrupt.js';
import { startWorkers, type WorkerEnding, type WorkersOptions } from './start-workers.js';
import { tell } from '../text/tell.js';

/**
 * Milliseconds that the other workers have to notice that one is gone: TensorFlow's heartbeat takes 10 seconds. Workers that are still waiting for
 * all to connect never notice.
 */
const grace = 15_000;

/**
 * Runs workers to their end, or until Ctrl-C. Prints the first one's output on standard error.
 *
 * @returns Whether they were interrupted.
 * @throws SignetError `TRAINING_STOPPED` in the words of the worker that failed first.
 */
export async function runWorkers(options: WorkersOptions): Promise<boolean> {
  const { children, done } = await startWorkers({ ...options, onLine: (line) => printLine(line, options.output) });
  const endAll = () => children.forEach((child) => child.kill('SIGKILL'));
  const interrupt = stopOnInterrupt('ending the workers, the last epoch that was done is kept');
  interrupt.signal.addEventListener('abort', endAll);
  process.once('exit', endAll);
  const failure = watchForFailure(children, endAll);
  try {
    const endings = await done;
    if (failure.first !== null && !interrupt.signal.aborted) throw stopped(failure.first, endings);
    return interrupt.signal.aborted;
  } finally {
    failure.stopWatching();
    process.removeListener('exit', endAll);
    interrupt.remove();
  }
}

function printLine(line: string, output: string): void {
  // The worker's last line names its model, which is still to be moved.
  if (!line.startsWith(path.resolve(output))) tell(line);
}

/** Records which worker fails first, and then gives the others time to notice and report it themselves. */
function watchForFailure(children: readonly ChildProcess[], endAll: () => void) {
  let first: number | null = null;
  let timer: NodeJS.Timeout | undefined;
  children.forEach((child, i) =>
    child.on('close', (code) => {
      if (code === 0) return;
      first ??= i;
      timer ??= setTimeout(endAll, grace);
    }),
  );
  return {
    get first(): number | null {
      return first;
    },
    stopWatching: () => clearTimeout(timer),
  };
}

function stopped(failed: number, endings: readonly WorkerEnding[]): SignetError {
  const words = endings[failed]?.lines.slice(-8).join('\n') ?? '';
  const said = words === '' ? 'It said nothing: was it killed?' : words;
  return new SignetError(
    'TRAINING_STOPPED',
    `Worker ${failed} of ${endings.length} failed; no model was saved. ${said}`,
  );
}
