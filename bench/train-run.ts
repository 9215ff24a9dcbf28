import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { median } from '../src/data/statistics.js';
import { python } from '../test/helpers/python/python.js';
import { type CommandCost, measureCommand } from './train/measure-command.js';
import { numberFlag } from './number-flag.js';

/**
 * `npm run bench:train:run`: a whole training of LeNet on the bundled digits, from the start of the process to the saved model: the compiled
 * `train-model` of the package against a Keras 3 script that does the same. In turns; medians.
 *
 * `-- --epochs 20 --rounds 3` are the epochs of a run and the runs of each side.
 */
const [epochs, rounds] = [numberFlag('epochs', 20), numberFlag('rounds', 3)];
const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const [train, test] = [file('../data/digits/train'), file('../data/digits/test')];
const sides: Readonly<Record<string, (folder: string) => string[]>> = {
  Signet: (folder) => [
    ...[process.execPath, file('../dist/src/commands/train-model/main.js'), '--model-type', 'LenetModel'],
    ...['--train-dataset-path', train, '--test-dataset-path', test, '--model-folder-path', folder],
    ...['--num-epochs', String(epochs), '--patience', String(epochs)],
  ],
  Keras: (folder) => [python, file('./train/keras_run.py'), train, test, folder, String(epochs)],
};
const runs = new Map(Object.keys(sides).map((name) => [name, [] as CommandCost[]]));
for (let round = 0; round < rounds; round += 1) {
  for (const [name, command] of Object.entries(sides)) runs.get(name)?.push(await measureCommand(command));
}
console.log(
  `LeNet on ${path.relative('.', train)}, ${epochs} epochs, process start to model on disk; medians of ${rounds}`,
);
printRow('', ['s', 'CPU s', 'peak MiB']);
const medians = Array.from(runs, ([name, all]) => {
  const [seconds, cpuSeconds, peak] = (['seconds', 'cpuSeconds', 'peakMebibytes'] as const).map((key) =>
    median(all.map((run) => run[key])),
  ) as [number, number, number];
  printRow(name, [seconds.toFixed(1), cpuSeconds.toFixed(1), peak.toFixed(0)]);
  return seconds;
});
const [own = NaN, keras = NaN] = medians;
console.log(`Signet takes ${(own / keras).toFixed(2)} of Keras's time`);

function printRow(name: string, columns: readonly string[]): void {
  console.log(name.padEnd(10) + columns.map((column) => column.padStart(12)).join(''));
}
