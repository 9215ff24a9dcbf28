import { mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { ResnetModel } from '../src/index.js';
import * as tf from '../src/tensorflow/tf.js';

/**
 * `npm run bench:export`: the cost of exporting a ResNet50V2 with 1,000 classes and all signatures: seconds, and additional memory as a multiple of
 * the weights.
 */
const directory = await mkdtemp(path.join(os.tmpdir(), 'signet-bench-'));
const classNames = Array.from({ length: 1000 }, (_, i) => `class ${i}`);
const model = new ResnetModel({ classNames, seed: 1 });
const weights = model.countParams() * 4;
// The first op starts TensorFlow's threads and allocators, which is not part of an export.
tf.tidy(() => model.predictNumpyImage(tf.zeros([1, 224, 224, 3])));

const before = process.memoryUsage().rss;
let peak = before;
for (const round of ['first', 'second']) {
  const sampling = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 10);
  const start = performance.now();
  await model.save(path.join(directory, '1'));
  const seconds = (performance.now() - start) / 1000;
  clearInterval(sampling);
  peak = Math.max(peak, process.memoryUsage().rss, process.resourceUsage().maxRSS * 1024);
  console.log(`${round} export: ${seconds.toFixed(2)} s`);
}
const graph = (await stat(path.join(directory, '1', 'saved_model.pb'))).size;
console.log(`weights: ${megabytes(weights)}; saved_model.pb: ${megabytes(graph)}`);
console.log(
  `memory beyond the start: ${megabytes(peak - before)}, ${((peak - before) / weights).toFixed(2)} x the weights`,
);
await rm(directory, { recursive: true });

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
