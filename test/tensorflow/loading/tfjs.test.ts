import { createRequire } from 'node:module';

import { expect, it } from 'vitest';

// Loads the library quietly.
import '../../../src/tensorflow/tf.js';
import * as tfjs from '../../../src/tensorflow/loading/tfjs.js';

it('the exports of TensorFlow.js are all there: npx tsx scripts/generate/tfjs-exports.ts writes them', () => {
  const all = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu') as Record<string, unknown>;
  expect(Object.keys(tfjs).sort()).toEqual(Object.keys(all).sort());
  for (const [name, value] of Object.entries(tfjs)) expect(value, name).toBe(all[name]);
});
