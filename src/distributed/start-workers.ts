import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { toolPath } from '../files/run-tool.js';
import { freePorts } from './free-ports.js';

/** Options for starting workers; see deploy/distributed/worker.py. */
export interface WorkersOptions {
  /** A Python that has TensorFlow. */
  readonly python: string;
  /** The directory that `exportTraining` wrote. */
  readonly model: string;
  /** Folder with one folder of images per class. */
  readonly data: string;
  /** Directory for the best model; `OUTPUT.training` keeps the state. */
  readonly output: string;
  /** The number of processes. */
  readonly workers: number;
  /** Address and port of each worker, such as `10.0.0.1:2222`, that all of them reach. Default: free ports of the loopback. */
  readonly hosts?: readonly string[];
  /** The number of parts of a batch. Default: one per worker. */
  readonly parts?: number;
  /** A file for the loss of every step. Default: none. */
  readonly stepLosses?: string;
  /** A command to start a worker with, such as `['taskset', '-c', '0']`, by the worker's number. Default: none. */
  readonly launcher?: (index: number) => readonly string[];
  /** Called with each line that the first worker prints, except for TensorFlow's own log. Default: ignored. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/** How a worker ended. */
export interface WorkerEnding {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  /** The lines that it printed, except for TensorFlow's own log. */
  readonly lines: readonly string[];
}

/** Workers that are running. */
export interface RunningWorkers {
  readonly children: readonly ChildProcess[];
  readonly done: Promise<readonly WorkerEnding[]>;
}

/**
 * Starts worker processes on this machine, without GPUs, which share its processors. They end with this process, however it ends: workers left behind
 * would write to the state from which others continue.
 *
 * One worker opens no port. Several do: TensorFlow's server listens on every network, without authentication, whatever its address says.
 */
export async function startWorkers(options: WorkersOptions): Promise<RunningWorkers> {
  const hosts = options.hosts ?? (await freePorts(options.workers)).map((port) => `127.0.0.1:${port}`);
  const running = hosts.map((_, index) => startWorker(options, hosts, index));
  return { children: running.map(({ child }) => child), done: Promise.all(running.map(({ done }) => done)) };
}

function startWorker(options: WorkersOptions, hosts: readonly string[], index: number) {
  const file = workerFile();
  const words = [...(options.launcher?.(index) ?? []), toolPath(options.python), file, ...argumentsOf(options)];
  const env = { TF_CPP_MIN_LOG_LEVEL: '3', ...process.env, ...workerEnvironment(hosts, index) };
  // Ctrl-C in a terminal goes to all processes of a group; here only this process decides what it means for the workers. Python takes modules from
  // the script's folder, and from the current one where PYTHONPATH has an empty entry: both are Signet's.
  const cwd = path.dirname(file);
  const child = spawn(words[0] ?? '', words.slice(1), { cwd, env, stdio: ['pipe', 'ignore', 'pipe'], detached: true });
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (tensorflowLog.test(line)) return;
    lines.push(line);
    if (index === 0) options.onLine?.(line);
  });
  const done = new Promise<WorkerEnding>((resolve) => {
    child.on('error', (error) => resolve({ code: null, lines: [...lines, error.message] }));
    child.on('close', (code) => resolve({ code, lines }));
  });
  return { child, done };
}

/** Environment that tells a worker its place among the workers, and its share of the processors. */
export function workerEnvironment(hosts: readonly string[], index: number): NodeJS.ProcessEnv {
  const threads = String(Math.max(1, Math.floor(availableParallelism() / hosts.length)));
  const cluster = JSON.stringify({ cluster: { worker: hosts }, task: { type: 'worker', index } });
  return {
    // Any TF_CONFIG starts TensorFlow's server, even one that this process was given.
    TF_CONFIG: hosts.length > 1 ? cluster : undefined,
    CUDA_VISIBLE_DEVICES: '-1',
    TF_NUM_INTRAOP_THREADS: threads,
    TF_NUM_INTEROP_THREADS: threads,
    PYTHONDONTWRITEBYTECODE: '1',
    // It would exclude the script's folder, which has the worker's other modules.
    PYTHONSAFEPATH: undefined,
  };
}

/** Lines of TensorFlow's log that no level silences, since they come before the level is read. */
const tensorflowLog = /^[IWEF]\d{4} |^WARNING: All log messages before absl/;

function argumentsOf({ model, data, output, parts, stepLosses }: WorkersOptions): string[] {
  const [modelPath, dataPath, outputPath] = [model, data, output].map((each) => path.resolve(each));
  const losses = stepLosses === undefined ? undefined : path.resolve(stepLosses);
  const given = { model: modelPath, data: dataPath, output: outputPath, parts, 'step-losses': losses };
  const flags = Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)],
  );
  return [...flags, '--until-stdin-closes'];
}

/** The worker's program: in the repository, and in the package next to `dist/src`. */
function workerFile(): string {
  const file = path.resolve(import.meta.dirname, '../../deploy/distributed/worker.py');
  if (existsSync(file)) return file;
  throw new Error(`${file} is missing: install Signet again.`);
}
