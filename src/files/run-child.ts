import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

/** How a child process is run. */
export interface ChildOptions {
  readonly cwd?: string;
  /** The child's whole environment; this process's own when absent. */
  readonly env?: NodeJS.ProcessEnv;
  /** Written to its standard input, which is then closed. */
  readonly input?: string;
  /** Ends the child and all that it started. */
  readonly signal?: AbortSignal;
  /** Receives what it prints, as it comes. */
  readonly onOutput?: ((text: string) => void) | undefined;
}

/** What a child process left behind. */
export interface ChildResult {
  /** Whether it ended with exit status 0. */
  readonly ok: boolean;
  /** For a message: `exit status 1`, `signal SIGILL` or why it could not start. */
  readonly ending: string;
  readonly stdout: string;
  /** Standard output and standard error as they came. */
  readonly output: string;
}

/** How long a child may take to end itself before it is killed, in milliseconds. */
const grace = 2000;

/**
 * Runs a program to its end and collects what it printed. A failing program is a result, not an exception.
 *
 * @throws the signal's reason once the child has ended, when the signal was raised.
 */
export async function runChild(
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<ChildResult> {
  const { signal, input = '', onOutput } = options;
  signal?.throwIfAborted();
  const result = await new Promise<ChildResult>((resolve) => {
    // A separate process group: `make` under node-gyp ends too when the group is signalled.
    const child = spawn(command, args, { cwd: options.cwd, env: options.env, detached: true, stdio: 'pipe' });
    const stopWatching = onAbort(signal, () => endGroup(child.pid));
    let stdout = '';
    let output = '';
    const collect = (text: string) => {
      output += text;
      onOutput?.(text);
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      collect(text);
    });
    child.stderr.setEncoding('utf8').on('data', collect);
    // A child that ends before it has read its input is judged by its exit status, not by the broken pipe.
    child.stdin.on('error', () => undefined).end(input);
    const settle = (ok: boolean, ending: string) => {
      stopWatching();
      resolve({ ok, ending, stdout, output });
    };
    child.on('error', (error: NodeJS.ErrnoException) =>
      settle(false, error.code === 'ENOENT' ? `${command} is not on the PATH` : error.message),
    );
    child.on('close', (code, by) => settle(code === 0, by === null ? `exit status ${code}` : `signal ${by}`));
  });
  signal?.throwIfAborted();
  return result;
}

/** Starts a program to exchange data with while it runs. The caller ends it. */
export function startChild(
  command: string,
  args: readonly string[],
  { cwd, env }: Pick<ChildOptions, 'cwd' | 'env'>,
): ChildProcessWithoutNullStreams {
  return spawn(command, args, { cwd, env, stdio: 'pipe' });
}

/** The last lines that a person needs to see of a long output. */
export function lastLines(output: string, count = 5): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-count).join('\n');
}

function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  signal?.addEventListener('abort', listener, { once: true });
  return () => signal?.removeEventListener('abort', listener);
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  signalGroup(pid, 'SIGTERM');
  setTimeout(() => signalGroup(pid, 'SIGKILL'), grace).unref();
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch {
    // It has ended already.
  }
}
