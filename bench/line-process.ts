import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A process that answers each line with a line, and waits in between. */
export interface LineProcess {
  /** Sends a line that has no answer. */
  readonly tell: (line: string) => void;
  readonly ask: (line: string) => Promise<string>;
  readonly end: () => void;
  /** Settles when it has ended. */
  readonly ended: Promise<unknown>;
}

/** Starts a process that is measured, or that measures. Its standard error is discarded. */
export function startLineProcess(command: string, args: readonly string[]): LineProcess {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const tell = (line: string) => void child.stdin.write(`${line}\n`);
  return {
    tell,
    ask: async (line) => {
      tell(line);
      const answer = await lines.next();
      if (answer.done) throw new Error(`${[command, ...args].join(' ')} ended with ${child.exitCode}`);
      return answer.value;
    },
    end: () => void child.stdin.end(),
    ended: once(child, 'exit'),
  };
}
