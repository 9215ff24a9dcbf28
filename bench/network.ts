import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { copyDigits } from '../test/helpers/data/small-digits.js';
import { python } from '../test/helpers/python/python.js';
import { bytesPerStep, exchangeSeconds } from '../scripts/step-prediction.js';
import { median } from '../src/data/statistics.js';
import { exportTraining } from '../src/distributed/export-training.js';
import { startWorkers, workerEnvironment, type WorkersOptions } from '../src/distributed/start-workers.js';
import type { ImageClassifierModel } from '../src/models/image-classifier-model.js';
import { LenetModel } from '../src/models/lenet-model.js';
import { accuracy, sparseCategoricalCrossentropy } from '../src/training/losses.js';
import { Adam } from '../src/training/optimizers/adam.js';
import type { Optimizer } from '../src/training/optimizers/optimizer.js';
import { SGD } from '../src/training/optimizers/sgd.js';
import { WideClassifier } from './network/wide-classifier.js';
import { numberFlag } from './number-flag.js';

/** The measurements of `npm run bench:network`, in the namespaces that bench/network.sh has made. */
const network = process.env.SIGNET_NETWORK;
if (network === undefined) throw new Error('Start this by npm run bench:network, which makes a network first.');

type Precision = 'float32' | 'bfloat16';
const precisions = ['float32', 'bfloat16'] as const;
const rates = { '10 Gbit/s': 10e9, '1 Gbit/s': 1e9, '100 Mbit/s': 1e8 } as const;
/** A rate that never slows a link down, in bits per second. */
const unlimited = 200e9;
const counts = [2, 4] as const;
const images = 32;
const steps = numberFlag('steps', 6);
const parts = { equal, time, cable };
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined;
/** Seconds that all processes have to end after the cable is pulled. */
const mostSeconds = 60;

const hostsOf = (workers: number) => Array.from({ length: workers }, (_, i) => `198.18.0.${i + 1}:2222`);
const inMachine = (worker: number) => ['ip', 'netns', 'exec', `${network}-${worker}`];

const folder = mkdtempSync(path.join(os.tmpdir(), 'signet-network-'));
const inFolder = (...names: string[]) => path.join(folder, ...names);
const digits = copyDigits(folder, { classes: 10, images: 40 }).train;
const classNames = Array.from({ length: 10 }, (_, digit) => String(digit));
try {
  await exportBoth(
    'lenet',
    () => new LenetModel({ classNames, seed: 1 }),
    () => new Adam(),
    8,
  );
  await exportBoth('wide', () => new WideClassifier({ classNames, seed: 1 }), () => new SGD({ learningRate: 0.001 }), 1); // prettier-ignore
  const chosen = Object.entries(parts).filter(([name]) => only === undefined || name === only);
  if (chosen.length === 0) throw new Error(`--only is one of ${Object.keys(parts).join(', ')}. Received: ${only}.`);
  for (const [, measure] of chosen) await measure();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function exportBoth(
  name: string,
  make: () => ImageClassifierModel,
  optimizer: () => Optimizer,
  numEpochs: number,
): Promise<void> {
  for (const gradientPrecision of precisions) {
    const model = make();
    model.compile({ optimizer: optimizer(), loss: sparseCategoricalCrossentropy, metrics: [accuracy] });
    const options = { batchSize: images, numEpochs, patience: numEpochs, gradientPrecision };
    await exportTraining(model, inFolder(`${name}-${gradientPrecision}`), options);
    model.dispose();
  }
}

/** Gives both ends of every cable a rate, in bits per second. */
function setRate(bitsPerSecond: number): void {
  // A millisecond's worth may leave at once, and at least some of the largest packets.
  const bucket = ['tbf', 'rate', `${bitsPerSecond}bit`, 'burst', String(Math.max(131_072, bitsPerSecond / 8000)), 'latency', '50ms']; // prettier-ignore
  for (let worker = 0; worker < 4; worker += 1) {
    for (const [machine, end] of [
      [`${network}-${worker}`, 'wire'],
      [`${network}-switch`, `port${worker}`],
    ] as const) {
      // prettier-ignore
      execFileSync('tc', ['-n', machine, 'qdisc', 'replace', 'dev', end, 'root', ...bucket]);
    }
  }
}

async function train(output: string, precision: Precision, workers: number, own: Partial<WorkersOptions> = {}) {
  return startWorkers({
    ...{ python, workers, data: digits, model: inFolder(`lenet-${precision}`), output: inFolder(output), parts: 4 },
    stepLosses: inFolder(`${output}.losses`),
    ...(workers > 1 && { hosts: hostsOf(workers), launcher: inMachine }),
    ...own,
  });
}

/** Trains to the end. @returns The loss of every step. */
async function lossesOf(...args: Parameters<typeof train>): Promise<number[]> {
  const endings = await (await train(...args)).done;
  const failed = endings.find(({ code }) => code !== 0);
  if (failed) throw new Error(failed.lines.join('\n'));
  return readFileSync(inFolder(`${args[0]}.losses`), 'utf8').trim().split('\n').map(Number); // prettier-ignore
}

/** Trains LeNet at every rate, and compares with one worker that has the network to itself. */
async function equal(): Promise<void> {
  const one = await lossesOf('one', 'float32', 1);
  console.log(`\nLeNet, ${one.length} steps: how far the losses are at most from those of one worker\n`);
  console.log('| network | workers | float32 gradients | bfloat16 gradients |\n| --- | --- | --- | --- |');
  for (const [rate, bitsPerSecond] of Object.entries(rates)) {
    setRate(bitsPerSecond);
    for (const workers of counts) {
      const differences: number[] = [];
      for (const precision of precisions) {
        const losses = await lossesOf(`equal-${bitsPerSecond}-${workers}-${precision}`, precision, workers);
        differences.push(Math.max(...one.map((loss, i) => Math.abs(loss - (losses[i] ?? NaN)))));
      }
      console.log(`| ${rate} | ${workers} | ${differences.map((each) => each.toExponential(1)).join(' | ')} |`);
      if (!((differences[0] ?? NaN) < 1e-5)) throw new Error('Workers and one worker differ by more than 1e-5.');
    }
  }
}

/** A step of bench/network/time_steps.py. */
interface Step {
  readonly seconds: number;
  readonly sent: number;
}

/** Returns what the steps of worker 0 took. @param isAlone Whether each worker works by itself, without an exchange. */
async function timeSteps(precision: Precision, workers: number, count: number, isAlone: boolean): Promise<Step> {
  const program = path.join(import.meta.dirname, 'network', 'time_steps.py');
  const args = [program, inFolder(`wide-${precision}`), precision, String(images / workers), String(count)];
  const runs = hostsOf(workers).map(async (_, worker) => {
    const { TF_CONFIG, ...shared } = workerEnvironment(hostsOf(workers), worker);
    const env = { TF_CPP_MIN_LOG_LEVEL: '3', ...process.env, ...shared, TF_CONFIG: isAlone ? undefined : TF_CONFIG };
    const [command = '', ...words] = [...inMachine(worker), python, ...args];
    const child = spawn(command, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [printed, said] = ['', ''];
    child.stdout.on('data', (data) => (printed += String(data)));
    child.stderr.on('data', (data) => (said += String(data)));
    const code = await new Promise((resolve) => child.on('close', resolve));
    if (code !== 0) throw new Error(`time_steps.py ended with ${String(code)}:\n${said.slice(-2000)}`);
    return printed.trim().split('\n').map((line) => JSON.parse(line) as Step); // prettier-ignore
  });
  const [first = []] = await Promise.all(runs);
  return { seconds: lowerQuartile(first.map((each) => each.seconds)), sent: median(first.map((each) => each.sent)) };
}

/** The value that a quarter of all lie below: other processes make steps slower, never faster. */
function lowerQuartile(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 4)] ?? NaN;
}

/**
 * Times steps, and holds the prediction against them. What a machine takes for a byte is measured once, by two workers on a network without a limit,
 * and computing by workers that exchange nothing but share the processors, since here all machines have the same ones.
 */
async function time(): Promise<void> {
  const parameters = 25_598_389;
  console.log(
    `\n${parameters} trained numbers; seconds per step, lower quartiles; megabytes that a worker sends per step\n`,
  );
  console.log(
    '| network | workers | gradients | computing | MB predicted | MB measured | s predicted | s measured | deviation |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- |');
  const hostSecondsPerByte: Partial<Record<Precision, number>> = {};
  const computing = new Map<string, number>();
  for (const precision of precisions) {
    for (const workers of counts) {
      computing.set(`${precision} ${workers}`, (await timeSteps(precision, workers, 2 * steps, true)).seconds);
    }
    setRate(unlimited);
    const { seconds, sent } = await timeSteps(precision, 2, 2 * steps, false);
    hostSecondsPerByte[precision] = (seconds - (computing.get(`${precision} 2`) ?? NaN)) / sent;
  }
  for (const [rate, bitsPerSecond] of Object.entries(rates)) {
    setRate(bitsPerSecond);
    for (const workers of counts) {
      for (const precision of precisions) {
        const gradientBytes = parameters * (precision === 'float32' ? 4 : 2);
        const training = { workers, gradientBytes, bitsPerSecond, hostSecondsPerByte: hostSecondsPerByte[precision] };
        const alone = computing.get(`${precision} ${workers}`) ?? NaN;
        const predicted = alone + exchangeSeconds(training);
        const { seconds, sent } = await timeSteps(precision, workers, bitsPerSecond < 1e9 ? Math.ceil(steps / 2) : steps, false); // prettier-ignore
        const columns = [rate, workers, precision, alone.toFixed(3), (bytesPerStep(training) / 1e6).toFixed(1), (sent / 1e6).toFixed(1), predicted.toFixed(3), seconds.toFixed(3), `${(100 * (predicted / seconds - 1)).toFixed(0)} %`]; // prettier-ignore
        console.log(`| ${columns.join(' | ')} |`);
      }
    }
  }
  const nanoseconds = precisions.map((each) => `${((hostSecondsPerByte[each] ?? NaN) * 1e9).toFixed(1)} (${each})`);
  console.log(`\nNanoseconds that a machine takes for each byte: ${nanoseconds.join(', ')}`);
}

/** Pulls a worker's cable in the midst of a training, and puts it back for the second try. */
async function cable(): Promise<void> {
  setRate(rates['1 Gbit/s']);
  console.log('');
  for (const precision of precisions) {
    for (const [workers, victim] of [
      [2, 1],
      [4, 0],
    ] as const) {
      // prettier-ignore
      const name = `${precision}-${workers}`;
      await lossesOf(`whole-${name}`, precision, workers);
      const seconds = await pull(`pulled-${name}`, precision, workers, victim);
      await lossesOf(`pulled-${name}`, precision, workers);
      const same = bytesOf(`whole-${name}`).equals(bytesOf(`pulled-${name}`));
      if (!same) throw new Error('The weights differ from those of a training whose cable stayed.');
      console.log(
        `${workers} workers, ${precision}: the cable of worker ${victim} pulled after 3 of 8 epochs; all had ended, and said why, after ${seconds.toFixed(0)} s; started again, the same bytes`,
      );
    }
  }
}

/** @returns After how many seconds the last process had ended. */
async function pull(output: string, precision: Precision, workers: number, victim: number): Promise<number> {
  const setLink = (state: string) => execFileSync('ip', ['-n', `${network}-${victim}`, 'link', 'set', 'wire', state]);
  let pulledAt = NaN;
  const onLine = (line: string) => {
    if (!line.startsWith('epoch 3/')) return;
    setLink('down');
    pulledAt = performance.now();
  };
  const { children, done } = await train(output, precision, workers, { onLine });
  const late = setInterval(() => {
    if (performance.now() - pulledAt > 1000 * mostSeconds) children.forEach((child) => child.kill('SIGKILL'));
  }, 500);
  const endings = await done;
  clearInterval(late);
  const seconds = (performance.now() - pulledAt) / 1000;
  setLink('up');
  endings.forEach(({ code, lines }, worker) => {
    if (code === 1 && lines.join('\n').includes('Another worker was lost, or does not answer. Start all again')) return;
    throw new Error(`Worker ${worker} ended with ${code} after ${seconds.toFixed(0)} s and said: ${lines.join('\n')}`);
  });
  return seconds;
}

/** Weights and optimizer's state of a trained model. */
function bytesOf(output: string): Buffer {
  const variables = inFolder(output, 'variables');
  return Buffer.concat(readdirSync(variables).sort().map((name) => readFileSync(path.join(variables, name)))); // prettier-ignore
}
