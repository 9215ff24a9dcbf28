import path from 'node:path';

import type { CommandLineResult } from './run-command-line.js';

let runs = 0;

/**
 * Runs `src/commands/NAME/main.ts` in the test's own process: the same command, without the seconds that a new process needs to load TensorFlow.
 *
 * Use it to test what a command prints and writes; use `runCommandLine` to test how it starts, ends and handles signals. It does not see what
 * TensorFlow itself writes to standard error. Run one command at a time: all share the process's streams and arguments.
 */
export async function runInProcess(name: string, args: readonly string[]): Promise<CommandLineResult> {
  const script = path.resolve(import.meta.dirname, '../../src/commands', name, 'main.ts');
  const before = { argv: process.argv, exitCode: process.exitCode, log: process.env.TF_CPP_MIN_LOG_LEVEL };
  const [stdout, stderr] = [capture(process.stdout), capture(process.stderr)];
  runs += 1;
  process.argv = [process.execPath, script, ...args];
  process.exitCode = undefined;
  try {
    // Another query makes another module, so the script runs again, while its imports are loaded only once.
    await import(/* @vite-ignore */ `${script}?run=${runs}`);
    return { code: exitCode(), stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    stdout.end();
    stderr.end();
    process.argv = before.argv;
    process.exitCode = before.exitCode;
    if (before.log === undefined) delete process.env.TF_CPP_MIN_LOG_LEVEL;
    else process.env.TF_CPP_MIN_LOG_LEVEL = before.log;
  }
}

function exitCode(): number {
  return Number(process.exitCode ?? 0);
}

/** Captures what is written to a stream, instead of writing it. */
function capture(stream: NodeJS.WriteStream): { readonly text: () => string; readonly end: () => void } {
  const write = stream.write.bind(stream);
  let text = '';
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    const done = rest.at(-1);
    if (typeof done === 'function') process.nextTick(done);
    return true;
  };
  return { text: () => text, end: () => (stream.write = write) };
}
