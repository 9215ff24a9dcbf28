import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

import { freePorts } from './free-ports.js';

/** What the workers are started with; see deploy/distributed/worker.py. */
export interface WorkersOptions {
  /** A Python that has TensorFlow. */
  readonly python: string;
  /** What `exportTraining` wrote. */
  readonly model: string;
  /** Class-named directories. */
  readonly data: string;
  /** Where the best model goes; `OUTPUT.training` keeps the state. */
  readonly output: string;
  readonly workers: number;
  /** Parts of a batch. Default: one a worker. */
  readonly parts?: number;
  /** A file for the loss of every step. Default: none. */
  readonly stepLosses?: string;
  /** A command that starts a worker's own, such as `['taskset', '-c', '0']`, by its number. Default: none. */
  readonly launcher?: (index: number) => readonly string[];
  /** Told the lines that the first worker prints, TensorFlow's own log aside. Default: nobody. */
  readonly onLine?: (line: string) => void;
}

/** How a worker ended. */
export interface WorkerEnding {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  /** What it printed, TensorFlow's own log aside. */
  readonly lines: readonly string[];
}

/** Workers that run. */
export interface RunningWorkers {
  readonly children: readonly ChildProcess[];
  readonly done: Promise<readonly WorkerEnding[]>;
}

/**
 * Starts worker processes on this machine's loopback, without GPUs, which share its processors. They end with this process, however it ends:
 * workers that were left behind would write to the state with which others go on.
 */
export async function startWorkers(options: WorkersOptions): Promise<RunningWorkers> {
  const hosts = (await freePorts(options.workers)).map((port) => `127.0.0.1:${port}`);
  const running = hosts.map((_, index) => startWorker(options, hosts, index));
  return { children: running.map(({ child }) => child), done: Promise.all(running.map(({ done }) => done)) };
}

function startWorker(options: WorkersOptions, hosts: readonly string[], index: number) {
  const threads = String(Math.max(1, Math.floor(availableParallelism() / hosts.length)));
  const env = {
    TF_CPP_MIN_LOG_LEVEL: '3',
    ...process.env,
    TF_CONFIG: JSON.stringify({ cluster: { worker: hosts }, task: { type: 'worker', index } }),
    CUDA_VISIBLE_DEVICES: '-1',
    TF_NUM_INTRAOP_THREADS: threads,
    TF_NUM_INTEROP_THREADS: threads,
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const words = [...(options.launcher?.(index) ?? []), options.python, workerFile(), ...argumentsOf(options)];
  // Ctrl-C in a terminal goes to all processes of a group: what it means for the workers is this process's to say.
  const child = spawn(words[0] ?? '', words.slice(1), { env, stdio: ['pipe', 'ignore', 'pipe'], detached: true });
  const lines: string[] = [];
  let rest = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const all = (rest + text).split('\n');
    rest = all.pop() ?? '';
    for (const line of all.filter((each) => !tensorflowLog.test(each))) {
      lines.push(line);
      if (index === 0) options.onLine?.(line);
    }
  });
  const done = new Promise<WorkerEnding>((resolve) => {
    child.on('error', (error) => resolve({ code: null, lines: [...lines, error.message] }));
    child.on('close', (code) => resolve({ code, lines: rest === '' ? lines : [...lines, rest] }));
  });
  return { child, done };
}

/** Lines of TensorFlow's log that no level silences, since they come before the level is read. */
const tensorflowLog = /^[IWEF]\d{4} |^WARNING: All log messages before absl/;

function argumentsOf({ model, data, output, parts, stepLosses }: WorkersOptions): string[] {
  const given = { model, data, output, parts, 'step-losses': stepLosses };
  const flags = Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)],
  );
  return [...flags, '--until-stdin-closes'];
}

/** In the repository, and in the package beside `dist/src`. */
function workerFile(): string {
  const file = path.resolve(import.meta.dirname, '../../deploy/distributed/worker.py');
  if (existsSync(file)) return file;
  throw new Error(`${file} is missing: install Signet again.`);
}
