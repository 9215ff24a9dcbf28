import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

import { runScript } from '../run-type-script.js';

/** `serve-model` in a separate process. */
export interface ServeModelProcess {
  readonly child: ChildProcess;
  readonly restPort: number;
  readonly grpcPort: number;
  /** NaN without `--health-port`. */
  readonly healthPort: number;
  /** What it has printed so far. */
  readonly output: { readonly stdout: string; readonly stderr: string };
  /** Sends SIGTERM. @returns The exit code. */
  readonly end: () => Promise<number | null>;
}

/** Where the command is. */
export interface ServeModelScript {
  /** Default: this checkout's. */
  readonly script?: string;
  /** Default: the current folder. */
  readonly cwd?: string;
  /** Flags of Node.js. Default: none. */
  readonly nodeFlags?: readonly string[];
}

const ownScript = new URL('../../../src/commands/serve-model/main.ts', import.meta.url);

/** Starts the command on free ports, and waits until it answers. */
export async function startServeModel(
  args: readonly string[],
  { script, cwd = process.cwd(), nodeFlags = [] }: ServeModelScript = {},
): Promise<ServeModelProcess> {
  const words = ['--rest-port', '0', '--grpc-port', '0', ...args];
  // Another checkout has its own files to compile.
  const all = script === undefined ? runScript(ownScript, words) : ['--import', 'tsx', script, ...words];
  const child = spawn(process.execPath, [...nodeFlags, ...all], { stdio: ['ignore', 'pipe', 'pipe'], cwd });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const ended = once(child, 'exit') as Promise<[number | null]>;
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', () => {
      if (output.stdout.includes('Ctrl-C')) resolve();
    });
    void ended.then(([code]) => reject(new Error(`serve-model ended with ${code}:\n${output.stderr}`)));
  });
  const end = async () => {
    child.kill('SIGTERM');
    return (await ended)[0];
  };
  const portAfter = (pattern: RegExp) => Number(pattern.exec(output.stdout)?.[1]);
  return {
    child,
    restPort: portAfter(/page {2}\S+:(\d+)/),
    grpcPort: portAfter(/gRPC {2}\S+:(\d+)/),
    healthPort: portAfter(/health {2}\S+:(\d+)/),
    output,
    end,
  };
}
