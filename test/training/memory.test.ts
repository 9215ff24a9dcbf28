import { describe, expect, it } from 'vitest';

import { temporaryFolder } from '../helpers/temporary-folder.js';
import { type MemorySample, watchMemory } from './watch-memory.js';

/** TF.js's history keeps the loss and the accuracy of each epoch as scalars until the training ends. */
const tensorsAnEpoch = 2;
/** Samples before these are of the warm-up: TensorFlow's and V8's arenas grow to what one round needs. */
const warmUp = 0.4;
/** What the allocator may still gain between two samples; one image batch or model kept each time would be more. */
const allowedMebibytes = 16;

function expectFlat(samples: readonly MemorySample[]): void {
  const settled = samples.slice(Math.floor(warmUp * samples.length));
  const [first] = settled;
  const growth = Math.max(...settled.map((sample) => sample.residentMebibytes)) - (first?.residentMebibytes ?? NaN);
  expect(growth).toBeLessThan(allowedMebibytes);
  expect(new Set(settled.map(({ tensors }, epoch) => tensors - tensorsAnEpoch * epoch)).size).toBe(1);
}

describe('memory', () => {
  it('stays where it is over 2,000 steps', async () => {
    const samples = await watchMemory('test/training/train-and-sample.ts', ['steps']);
    expect(samples).toHaveLength(20);
    expectFlat(samples);
  });

  it('stays where it is over 50 checkpoints', async () => {
    const samples = await watchMemory('test/training/train-and-sample.ts', ['checkpoints', await temporaryFolder()]);
    expect(samples).toHaveLength(50);
    expectFlat(samples);
  });
});
