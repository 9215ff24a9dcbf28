import { median } from '../src/data/statistics.js';
import type { FitProcess, Side, Slice, Task } from './train/side.js';
import { kerasSide, tfjsSide } from './train/sides.js';
import { numberFlag } from './number-flag.js';

/**
 * `npm run bench:train`: steps per second of Signet's `fit`, TF.js's own `fitDataset` and Keras 3, with the same network, batch, optimizer and
 * metrics. Each trains in its own process, and they are measured in turns, slice by slice; the table has medians of the slices. Before that, the time
 * from the start of a process to the end of its second step, also in turns.
 *
 * `-- --model ResnetModel --rounds 5 --steps 3 --starts 3` chooses the network, the number of slices, the steps of each, and how often
 * each side is started; 0 leaves a part out.
 */
const modelAt = process.argv.indexOf('--model');
const isLenet = modelAt === -1 || (process.argv[modelAt + 1] ?? 'LenetModel') === 'LenetModel';
const task: Task = isLenet
  ? { model: 'LenetModel', size: 28, classes: 10, batch: 32 }
  : { model: 'ResnetModel', size: 64, classes: 10, batch: 32 };
const steps = numberFlag('steps', isLenet ? 100 : 3);
const [rounds, starts] = [numberFlag('rounds', 5), numberFlag('starts', 3)];
const keras = kerasSide('Keras', task, false);
const sides: readonly [Side, ...Side[]] = [
  tfjsSide('Signet', task, 'graph'),
  ...(isLenet ? [tfjsSide('Signet, jit: xla', task, 'xla'), tfjsSide('TF.js fitDataset', task, 'off')] : []),
  keras,
  ...(isLenet ? [kerasSide('Keras, jit_compile=True', task, true)] : []),
];
console.log(`${task.model}, ${task.size} x ${task.size}, batch ${task.batch}`);
if (starts > 0) await compareStarts([sides[0], keras]);
if (rounds > 0) await compareSteps();

async function compareStarts(both: readonly Side[]): Promise<void> {
  const slices = new Map<Side, Slice[]>(both.map((side) => [side, []]));
  for (let round = 0; round < starts; round += 1) {
    for (const side of both) slices.get(side)?.push(await firstSteps(side));
  }
  print(`from the start of a process to its second step; medians of ${starts}`, 's', slices);
}

async function firstSteps(side: Side): Promise<Slice> {
  const start = performance.now();
  const started = side.start();
  const { peakMebibytes } = await started.run(2);
  const seconds = (performance.now() - start) / 1000;
  await started.end();
  return { seconds, peakMebibytes };
}

async function compareSteps(): Promise<void> {
  const running = new Map<Side, FitProcess>(sides.map((side) => [side, side.start()]));
  const slices = new Map<Side, Slice[]>(sides.map((side) => [side, []]));
  for (const each of running.values()) await each.run(2);
  for (let round = 0; round < rounds; round += 1) {
    for (const [side, each] of running) {
      const { seconds, peakMebibytes } = await each.run(steps);
      slices.get(side)?.push({ seconds: (seconds / steps) * 1000, peakMebibytes });
    }
  }
  for (const each of running.values()) await each.end();
  print(`a step; medians of ${rounds} slices of ${steps} steps`, 'ms', slices);
}

/** Signet, which comes first, is this many times as fast as the others. */
function print(title: string, unit: string, slices: ReadonlyMap<Side, readonly Slice[]>): void {
  const times = new Map(Array.from(slices, ([side, all]) => [side, median(all.map(({ seconds }) => seconds))]));
  console.log(`\n${title}`);
  printRow('', [unit, 'Signet is', 'peak MiB']);
  for (const [side, all] of slices) {
    const own = times.get(side) ?? NaN;
    const ratio = own / (times.get(sides[0]) ?? NaN);
    const peak = Math.max(...all.map(({ peakMebibytes }) => peakMebibytes));
    printRow(side.name, [own.toFixed(1), `${ratio.toFixed(2)} x`, peak.toFixed(0)]);
  }
}

function printRow(name: string, columns: readonly string[]): void {
  console.log(name.padEnd(24) + columns.map((column) => column.padStart(12)).join(''));
}
