import { setImmediate as nextTurn } from 'node:timers/promises';

import { expect, it } from 'vitest';

import { collectGarbageOfLargeJobs } from '../../../src/serving/worker/collect-garbage.js';

it('gives back the memory of large bodies, whose buffers nobody holds any more', async () => {
  const body = new WeakRef(new Uint8Array(200 * 2 ** 20));
  // Until its turn ends, whoever makes a WeakRef holds what it refers to.
  await nextTurn();
  collectGarbageOfLargeJobs();
  expect(body.deref()).toBeUndefined();
  expect('gc' in globalThis).toBe(false);
});
