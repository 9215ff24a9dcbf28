import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { runScript } from './run-type-script.js';

/** Result of a command that has ended. */
export interface CommandLineResult {
  /** Exit code; `null` when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running command, for tests that interfere with it. */
export interface RunningCommandLine {
  readonly child: ChildProcess;
  readonly done: Promise<CommandLineResult>;
  /** Settles when standard error contains the text; rejects if the command ends without it. */
  readonly printed: (text: string) => Promise<void>;
}

const root = path.resolve(import.meta.dirname, '../..');

/**
 * Node.js gives its children sockets where a shell gives them pipes: here standard error goes through a pipe, as for a user.
 * `exec` keeps the process, so that signals reach it.
 */
const throughPipe = 'exec "$@" 2> >(exec cat >&2)';

/**
 * Starts `src/commands/NAME/main.ts`, or `scripts/NAME.ts`, in the repository as a user does, away from a terminal.
 *
 * @param timeout Milliseconds after which it is killed. Default: 50 s.
 */
export function startCommandLine(name: string, args: readonly string[], timeout = 50_000): RunningCommandLine {
  // The log level of the test's own TensorFlow must not apply to the command's.
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: undefined };
  const command = path.join(root, 'src', 'commands', name, 'main.ts');
  const script = existsSync(command) ? command : path.join(root, 'scripts', `${name}.ts`);
  const words = runScript(pathToFileURL(script), args);
  const child = spawn('bash', ['-c', throughPipe, 'bash', process.execPath, ...words], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A command that hangs fails its test and is not left behind.
    timeout,
    killSignal: 'SIGKILL',
  });
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (more: string) => (text.stdout += more));
  child.stderr.setEncoding('utf8').on('data', (more: string) => (text.stderr += more));
  const done = new Promise<CommandLineResult>((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code, ...text }));
  });
  const printed = (wanted: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (text.stderr.includes(wanted)) resolve();
      };
      look();
      child.stderr.on('data', look);
      child.on('close', () => reject(new Error(`${name} ended and never printed "${wanted}":\n${text.stderr}`)));
    });
  return { child, done, printed };
}

/** Runs `src/commands/NAME/main.ts` to its end. A failing command is a result, not an exception. */
export async function runCommandLine(
  name: string,
  args: readonly string[],
  timeout?: number,
): Promise<CommandLineResult> {
  return startCommandLine(name, args, timeout).done;
}

/** `{ 'num-epochs': 1 }` as `--num-epochs 1`; `true` is a switch, `undefined` is left out. */
export function toArguments(flags: Readonly<Record<string, string | number | true | undefined>>): string[] {
  return Object.entries(flags).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return value === true ? [`--${name}`] : [`--${name}`, String(value)];
  });
}
