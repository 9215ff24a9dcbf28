import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { pythonFolder } from '../test/helpers/python/python.js';
import { compiled } from './compiled.js';
import { type Epoch, type InputTask, startReader } from './input/epochs.js';
import { generatePhotographs } from './input/generate-photographs.js';
import { median } from '../src/data/statistics.js';
import { numberFlag } from './number-flag.js';

/**
 * `npm run bench:input`: images per second of the input pipeline alone, which decodes JPEGs of 640 x 480 and resizes them to 224 x 224: Signet's
 * against tf.data's `image_dataset_from_directory` with AUTOTUNE. Both take turns, epoch by epoch; the table has medians of the epochs. Then the
 * memory of a process that reads many small images.
 *
 * `-- --images 2000 --rounds 5 --many 20000` are the numbers of images, of epochs and of small images; 0 leaves a part out.
 */
const [images, rounds, many] = [numberFlag('images', 2000), numberFlag('rounds', 5), numberFlag('many', 20_000)];
const script = (name: string) => fileURLToPath(new URL(`./input/${name}`, import.meta.url));
const signet = (task: InputTask) => startReader(process.execPath, [compiled('input/signet-epochs.js')], task);
const keras = (task: InputTask) =>
  startReader(path.join(pythonFolder, 'bin', 'python'), [script('keras_epochs.py')], task);

const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-bench-'));
try {
  if (images > 0) await compare({ directory: path.join(folder, 'large'), size: 224, batch: 32 });
  if (many > 0) await watchMemory({ directory: path.join(folder, 'small'), size: 64, batch: 32 });
} finally {
  await rm(folder, { recursive: true });
}

async function compare(task: InputTask): Promise<void> {
  await generatePhotographs(task.directory, { count: images, width: 640, height: 480 });
  const readers = { Signet: signet(task), 'tf.data': keras(task) };
  const epochs = new Map(Object.keys(readers).map((name) => [name, [] as Epoch[]]));
  for (const reader of Object.values(readers)) await reader.epoch();
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, reader] of Object.entries(readers)) epochs.get(name)?.push(await reader.epoch());
  }
  Object.values(readers).forEach((reader) => reader.end());
  console.log(`${images} JPEGs of 640 x 480, resized to ${task.size} x ${task.size}; medians of ${rounds} epochs`);
  const titles = ['images/s', 'CPU ms an image', 'peak MiB'];
  console.log(''.padEnd(10) + titles.map((title) => title.padStart(18)).join(''));
  for (const [name, all] of epochs) {
    const columns = [
      median(all.map((epoch) => epoch.images / epoch.seconds)).toFixed(0),
      median(all.map((epoch) => (epoch.cpuSeconds / epoch.images) * 1000)).toFixed(2),
      Math.max(...all.map(({ peakMebibytes }) => peakMebibytes)).toFixed(0),
    ];
    console.log(name.padEnd(10) + columns.map((column) => column.padStart(18)).join(''));
  }
}

/** A few files with many names each: as much is read. */
async function watchMemory(task: InputTask): Promise<void> {
  const copies = 50;
  const small = { count: Math.ceil(many / copies), width: 96, height: 96, copies };
  await generatePhotographs(task.directory, small);
  const reader = signet(task);
  console.log(
    `\n${small.count * copies} JPEGs of 96 x 96, resized to ${task.size} x ${task.size}, none kept in memory`,
  );
  for (let i = 1; i <= rounds; i += 1) {
    const { images: read, seconds, peakMebibytes } = await reader.epoch();
    console.log(`epoch ${i}: ${(read / seconds).toFixed(0)} images/s, peak ${peakMebibytes.toFixed(0)} MiB`);
  }
  reader.end();
}
