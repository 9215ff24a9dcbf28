import { SignetError } from '../errors.js';
import { startWorkers, type WorkerEnding, type WorkersOptions } from './start-workers.js';
import { stopOnInterrupt } from '../files/stop-on-interrupt.js';

/**
 * How long the others have to notice that one of them is gone, in milliseconds: TensorFlow's heartbeat takes 10 seconds. Those that still
 * wait for all to come together never notice.
 */
const grace = 15_000;

/**
 * Runs workers to their end, or until Ctrl-C; what the first one says goes to standard error.
 *
 * @returns Whether they were interrupted.
 * @throws SignetError `TRAINING_STOPPED` in the words of the worker that failed first.
 */
export async function runWorkers(options: WorkersOptions): Promise<boolean> {
  const onLine = (line: string) => {
    // Where the model lies for now is nobody's business.
    if (!line.startsWith(options.output)) process.stderr.write(`${line}\n`);
  };
  const { children, done } = await startWorkers({ ...options, onLine });
  const endAll = () => children.forEach((child) => child.kill('SIGKILL'));
  const interrupt = stopOnInterrupt('ending the workers, the last epoch that was done is kept');
  interrupt.signal.addEventListener('abort', endAll);
  process.once('exit', endAll);
  let timer: NodeJS.Timeout | undefined;
  let failed: number | undefined;
  children.forEach((child, i) =>
    child.on('close', (code) => {
      if (code === 0) return;
      failed ??= i;
      timer ??= setTimeout(endAll, grace);
    }),
  );
  try {
    const endings = await done;
    if (failed !== undefined && !interrupt.signal.aborted) throw stopped(failed, endings);
    return interrupt.signal.aborted;
  } finally {
    clearTimeout(timer);
    process.removeListener('exit', endAll);
    interrupt.remove();
  }
}

function stopped(failed: number, endings: readonly WorkerEnding[]): SignetError {
  const words = endings[failed]?.lines.slice(-8).join('\n') ?? '';
  const said = words === '' ? 'It said nothing: was it killed?' : words;
  return new SignetError(
    'TRAINING_STOPPED',
    `Worker ${failed} of ${endings.length} failed; no model was saved. ${said}`,
  );
}
