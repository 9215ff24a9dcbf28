import { parseArgs } from 'node:util';

import { median } from '../src/data/statistics.js';
import { runChild } from '../src/files/run-child.js';

/**
 * `npm run bench:recompute`: training steps that keep all activations and steps that compute them again, in turns, each time in a process of its own:
 * peak of memory (RSS) while steps run, and time per step.
 *
 * `-- --models ResnetModel:64 --steps 5 --rounds 2` chooses the networks with the images per step.
 */
const { values } = parseArgs({
  options: {
    models: { type: 'string', default: 'ResnetModel:64,InceptionModel:32,EfficientNetV2Model:32' },
    steps: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '2' },
  },
});

interface Steps {
  readonly losses: readonly number[];
  readonly seconds: readonly number[];
  readonly peakMebibytes: number;
}

for (const each of values.models.split(',')) {
  const [name = '', images = '32'] = each.split(':');
  const [kept, again]: [Steps[], Steps[]] = [[], []];
  for (let round = 0; round < Number(values.rounds); round += 1) {
    kept.push(await stepsOf(name, images, false));
    again.push(await stepsOf(name, images, true));
  }
  const isEqual =
    JSON.stringify(kept.map(({ losses }) => losses)) === JSON.stringify(again.map(({ losses }) => losses));
  console.log(`${name}, ${images} images: losses ${isEqual ? 'equal' : 'NOT EQUAL'}`);
  const [memory, time] = [peakOf, secondsOf].map((of) => [of(kept), of(again)] as const) as [Pair, Pair];
  console.log(
    `  peak  ${memory[0].toFixed(0)} MiB kept, ${memory[1].toFixed(0)} MiB again: ${(memory[1] / memory[0]).toFixed(2)}`,
  );
  console.log(`  step  ${time[0].toFixed(2)} s kept, ${time[1].toFixed(2)} s again: ${(time[1] / time[0]).toFixed(2)}`);
}

type Pair = readonly [number, number];

function peakOf(runs: readonly Steps[]): number {
  return Math.max(...runs.map(({ peakMebibytes }) => peakMebibytes));
}

/** The first step also allocates. */
function secondsOf(runs: readonly Steps[]): number {
  return median(runs.flatMap(({ seconds }) => seconds.slice(1)));
}

async function stepsOf(name: string, images: string, recompute: boolean): Promise<Steps> {
  const args = ['tsx', 'bench/recompute/steps.ts', name, images, values.steps, String(recompute)];
  const { ok, ending, stdout, output } = await runChild('npx', args);
  if (!ok) throw new Error(`${name} ended with ${ending}:\n${output}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Steps;
}
