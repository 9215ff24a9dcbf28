import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { startWorkers } from '../src/distributed/start-workers.js';
import { exportTraining } from '../src/distributed/export-training.js';
import { LenetModel } from '../src/models/lenet-model.js';
import { accuracy, sparseCategoricalCrossentropy } from '../src/training/losses.js';
import { Adam } from '../src/training/optimizers/adam.js';
import { python } from '../test/helpers/python/python.js';
import { median } from '../src/data/statistics.js';
import { numberFlag } from './number-flag.js';

/**
 * `npm run bench:distributed`: LeNet's steps per second on the digits, including reading and decoding, with one worker and with two over this
 * machine's loopback, each pinned to its own core (Linux, `taskset`). The configurations run in turns; the table has medians of the rounds.
 *
 * `-- --rounds 5` chooses the number of rounds.
 */
const rounds = numberFlag('rounds', 3);
const data = path.resolve('data/digits/train');
const images = readdirSync(data).reduce((sum, name) => sum + readdirSync(path.join(data, name)).length, 0);
const validationSplit = 0.01;
const folder = mkdtempSync(path.join(os.tmpdir(), 'signet-bench-'));
const configurations = [32, 256].flatMap((batchSize) => [1, 2].map((workers) => ({ batchSize, workers })));
/** About as many steps for each batch size. */
const epochsOf = (batchSize: number) => (batchSize === 32 ? 6 : 20);

for (const batchSize of [32, 256]) {
  const model = new LenetModel({ classNames: readdirSync(data).sort(), seed: 1 });
  model.compile({ optimizer: new Adam(), loss: sparseCategoricalCrossentropy, metrics: [accuracy] });
  const numEpochs = epochsOf(batchSize);
  const directory = path.join(folder, `export-${batchSize}`);
  await exportTraining(model, directory, { batchSize, numEpochs, patience: numEpochs, validationSplit });
}

const measured = new Map(configurations.map((configuration) => [configuration, [] as number[]]));
for (let round = 0; round < rounds; round += 1) {
  for (const configuration of configurations) {
    measured.get(configuration)?.push(await stepsPerSecond(configuration, round));
    process.stderr.write('.');
  }
}
rmSync(folder, { recursive: true, force: true });

process.stderr.write('\n');
console.log(`LeNet, 28 x 28; steps a second, medians of ${rounds} rounds; a worker has one core`);
console.log(row(['batch', '1 worker', '2 workers', 'speed-up']));
for (const batchSize of [32, 256]) {
  const [one = NaN, two = NaN] = configurations
    .filter((configuration) => configuration.batchSize === batchSize)
    .map((configuration) => median(measured.get(configuration) ?? []));
  console.log(row([String(batchSize), one.toFixed(1), two.toFixed(1), (two / one).toFixed(2)]));
}

/** Steps per second of all epochs but the first, in which graphs are made. */
async function stepsPerSecond({ batchSize, workers }: (typeof configurations)[number], round: number): Promise<number> {
  const ends: number[] = [];
  const running = await startWorkers({
    ...{ python, workers, data, model: path.join(folder, `export-${batchSize}`) },
    output: path.join(folder, `${batchSize}-${workers}-${round}`),
    launcher: (index) => ['taskset', '-c', String(index)],
    onLine: (line) => {
      if (line.startsWith('epoch ')) ends.push(performance.now());
    },
  });
  const endings = await running.done;
  const failed = endings.find(({ code }) => code !== 0);
  if (failed) throw new Error(failed.lines.join('\n'));
  const seconds = ((ends.at(-1) ?? NaN) - (ends[0] ?? NaN)) / 1000;
  const stepsPerEpoch = Math.ceil((images - Math.floor(validationSplit * images)) / batchSize);
  return ((ends.length - 1) * stepsPerEpoch) / seconds;
}

function row(columns: readonly string[]): string {
  return columns.map((column) => column.padStart(12)).join('');
}
