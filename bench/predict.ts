import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { latencyOf } from '../src/data/statistics.js';
import { ResnetModel } from '../src/index.js';
import { LoadedSavedModel } from '../src/saved-model.js';
import * as tf from '../src/tensorflow/tf.js';
import { type Road, type Slice, startPython, type Task } from './predict/python-roads.js';
import { numberFlag } from './number-flag.js';

/**
 * `npm run bench:predict`: images per second of a ResNet50V2 with 1,000 classes at 224 x 224, one and 32 at a time: Signet's SavedModel, loaded from
 * disk, Keras's `predict` as a graph and compiled by XLA, and the same SavedModel in Python TensorFlow.
 *
 * All take turns, slice by slice; the table has medians of the slices. `-- --rounds 5` is the number of slices.
 */
const rounds = numberFlag('rounds', 5);
const batches = [
  { batch: 1, calls: 20 },
  { batch: 32, calls: 2 },
] as const;

const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-bench-'));
const task: Task = { size: 224, classes: 1000, savedModel: path.join(folder, '1') };
await saveResnet(task);
const python = startPython(task);
const model = await LoadedSavedModel.load(task.savedModel);
const roads: Readonly<Record<string, Road>> = {
  'Signet, SavedModel': signetRoad,
  'Keras predict': python.road('predict'),
  'Keras predict, XLA': python.road('predict, jit_compile'),
  'Keras predict_on_batch': python.road('predict_on_batch'),
  'Python, SavedModel': python.road('tf.function'),
};

try {
  for (const { batch, calls } of batches) {
    for (const road of Object.values(roads)) await road(batch, 3);
    const slices = new Map(Object.keys(roads).map((name) => [name, [] as Slice[]]));
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, road] of Object.entries(roads)) slices.get(name)?.push(await road(batch, calls));
    }
    printTable(batch, batch * calls, slices);
  }
} finally {
  python.end();
  model.dispose();
  await rm(folder, { recursive: true });
}

async function saveResnet({ size, classes, savedModel }: Task): Promise<void> {
  const classNames = Array.from({ length: classes }, (_, i) => `class ${i}`);
  const resnet = new ResnetModel({ classNames, inputHeight: size, inputWidth: size, seed: 1 });
  await resnet.save(savedModel);
  resnet.dispose();
}

/** In each call, images go from JavaScript to TensorFlow and logits come back, as in Python. */
function signetRoad(batch: number, calls: number): Promise<Slice> {
  const shape: [number, number, number, number] = [batch, task.size, task.size, 3];
  const pixels = Float32Array.from({ length: batch * task.size * task.size * 3 }, () => Math.random() * 255);
  const [start, cpuStart] = [performance.now(), process.cpuUsage()];
  for (let i = 0; i < calls; i += 1) {
    const images = tf.tensor4d(pixels, shape);
    const outputs = model.call('serving_default', { input_tensor: images });
    outputs.output_0?.dataSync();
    tf.dispose([images, outputs]);
  }
  const { user, system } = process.cpuUsage(cpuStart);
  return Promise.resolve({ seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 });
}

function printTable(batch: number, images: number, slices: ReadonlyMap<string, readonly Slice[]>): void {
  const median = (name: string, of: (slice: Slice) => number) => latencyOf((slices.get(name) ?? []).map(of)).p50;
  const rows = Array.from(slices.keys(), (name) => ({
    name,
    rate: images / median(name, ({ seconds }) => seconds),
    cpu: (1000 * median(name, ({ cpuSeconds }) => cpuSeconds)) / images,
  }));
  console.log(`\nbatch ${batch}: medians of ${rounds} slices`);
  print('', ['images/s', 'CPU ms/image', 'Signet is']);
  for (const { name, rate, cpu } of rows) {
    const ratio = (rows[0]?.rate ?? NaN) / rate;
    print(name, [rate.toFixed(1), cpu.toFixed(1), `${ratio.toFixed(2)} x as fast`]);
  }
}

function print(name: string, cells: readonly string[]): void {
  console.log(name.padEnd(24) + cells.map((cell) => cell.padStart(16)).join(''));
}
