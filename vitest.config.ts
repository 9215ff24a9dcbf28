import { readdirSync } from 'node:fs';
import path from 'node:path';

import { defineConfig } from 'vitest/config';

import { loadsTensorFlow } from './test/helpers/loads-tensorflow.js';

/** What all tests share; `vitest.parity.config.ts` takes it too. */
export const shared = {
  pool: 'forks' as const,
  testTimeout: 60_000,
  hookTimeout: 120_000,
  setupFiles: ['test/helpers/set-up-file.ts'],
};

/** Files that need more than about ten seconds of a CPU: they train for long, or start processes. `npm run test:quick` leaves them out. */
const slow = [
  'test/commands/build-model/run.test.ts',
  'test/commands/fine-tuning.test.ts',
  'test/commands/train-model-alpha.test.ts',
  'test/commands/train-model/resume-from-workers.test.ts',
  'test/deploy',
  'test/e2e',
  'test/evaluation/evaluate-served-model.test.ts',
  'test/examples',
  'test/models/backbone-model.test.ts',
  'test/models/keras-applications.test.ts',
  'test/models/keras/download-weights.test.ts',
  'test/models/load-keras-weights.test.ts',
  'test/package',
  'test/serving/page',
  'test/serving/rest/malformed.test.ts',
  'test/serving/start-server.test.ts',
  'test/serving/store/model-store.test.ts',
  'test/structure.test.ts',
  'test/tracing/coverage.test.ts',
  'test/training/callbacks/backup-and-restore.test.ts',
  'test/training/fit.test.ts',
  'test/training/jit.test.ts',
  'test/training/loss-curves.test.ts',
  'test/training/memory.test.ts',
];

// Python TensorFlow's tests run by `npm run test:parity`.
const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((name) => `test/${name.replaceAll(path.sep, '/')}`)
  .filter((file) => file.endsWith('.test.ts') && !file.startsWith('test/parity/'));
const isSlow = (file: string) => slow.some((each) => file === each || file.startsWith(`${each}/`));
const quick = files.filter((file) => !isSlow(file));

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      // TensorFlow's library keeps global state: each file that loads it gets a process of its own. The others share one.
      { test: { ...shared, name: 'plain', include: quick.filter((file) => !loadsTensorFlow(file)), isolate: false } },
      { test: { ...shared, name: 'tensorflow', include: quick.filter((file) => loadsTensorFlow(file)) } },
      { test: { ...shared, name: 'slow', include: files.filter(isSlow) } },
    ],
  },
});
