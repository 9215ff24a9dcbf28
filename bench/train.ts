import { median } from '../src/data/median.js';
import { kerasSide } from './train/keras-side.js';
import type { Side, Task } from './train/side.js';
import { eagerSide, signetSide } from './train/tfjs-side.js';

/**
 * `npm run bench:train`: steps a second of Signet's `fit`, TF.js's own `fitDataset` and Keras 3, same network, batch, optimizer
 * and metrics. All train at once and are measured in turns, slice by slice; the table has medians of the slices.
 *
 * `-- --model ResnetModel --rounds 5` chooses the network and the number of slices.
 */
const flag = (name: string, fallback: string) => {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? fallback : (process.argv[at + 1] ?? fallback);
};
const isLenet = flag('model', 'LenetModel') === 'LenetModel';
const task: Task = isLenet
  ? { model: 'LenetModel', size: 28, classes: 10, batch: 32 }
  : { model: 'ResnetModel', size: 64, classes: 10, batch: 32 };
const steps = Number(flag('steps', isLenet ? '100' : '3'));
const rounds = Number(flag('rounds', '5'));
const sides: readonly Side[] = [
  signetSide(task, { jit: 'graph' }),
  ...(isLenet ? [signetSide(task, { jit: 'xla' }, 'Signet, jit: xla')] : []),
  ...(isLenet ? [eagerSide(task)] : []),
  kerasSide(task, false),
  ...(isLenet ? [kerasSide(task, true)] : []),
];

const seconds = new Map<Side, number[]>(sides.map((side) => [side, []]));
for (const side of sides) {
  const start = performance.now();
  await side.run(2);
  console.log(`${side.name.padEnd(24)} first two steps: ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
for (let round = 0; round < rounds; round += 1) {
  for (const side of sides) seconds.get(side)?.push((await side.run(steps)) / steps);
}
const [first] = sides;
console.log(
  `${task.model}, ${task.size} x ${task.size}, batch ${task.batch}; medians of ${rounds} slices of ${steps} steps`,
);
for (const side of sides) {
  const own = median(seconds.get(side) ?? []);
  const ratio = own / median((first && seconds.get(first)) ?? []);
  const columns = [(own * 1000).toFixed(1), (1 / own).toFixed(1), ratio.toFixed(2)];
  console.log(side.name.padEnd(24) + columns.map((column) => column.padStart(10)).join(''));
}
console.log(
  `${''.padEnd(24)}${['ms a step', 'steps/s', 'Signet is'].map((title) => title.padStart(10)).join('')} times as fast`,
);
for (const side of sides) await side.end();
