import { createInterface } from 'node:readline';

import { imageDatasetFromDirectory } from '../../src/index.js';
import * as tf from '../../src/tensorflow/tf.js';
import type { Epoch, InputTask } from './epochs.js';

/** Signet's side, with the same protocol as keras_epochs.py: the first line is the task, then one line per epoch. */
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const first = await lines.next();
const { directory, size, batch } = JSON.parse(first.done ? '{}' : first.value) as InputTask;
const dataset = await imageDatasetFromDirectory(directory, {
  imageSize: [size, size] as const,
  batchSize: batch,
  cacheMebibytes: 0,
});
for (let line = await lines.next(); !line.done; line = await lines.next()) {
  const before = process.cpuUsage();
  const start = performance.now();
  let images = 0;
  for await (const { xs, ys } of dataset.batches()) {
    images += xs.shape[0];
    tf.dispose([xs, ys]);
  }
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  const peakMebibytes = process.resourceUsage().maxRSS / 1024;
  const epoch: Epoch = { images, seconds, cpuSeconds: (user + system) / 1e6, peakMebibytes };
  process.stdout.write(`${JSON.stringify(epoch)}\n`);
}
dataset.dispose();
