import { readdirSync } from 'node:fs';
import path from 'node:path';

import { defineConfig } from 'vitest/config';

import { loadsTensorFlow } from './test/helpers/loads-tensorflow.js';

/** What all tests share; `vitest.parity.config.ts` takes it too. */
export const shared = {
  pool: 'forks' as const,
  // Only for tests that hang: a busy machine takes three times as long as a quiet one.
  testTimeout: 120_000,
  hookTimeout: 180_000,
  setupFiles: ['test/helpers/set-up-file.ts'],
  // Memory that V8 may use before it collects garbage: by default it begins with little, and a process of tests ends before that pays. It saves a
  // quarter of the time of files that trace much.
  // Tests call many functions a few times: V8 optimizes after four times as many calls as by default, which saves a tenth of the processor time.
  // Later versions of Node.js have another compiler in between, and no such flag.
  execArgv: [
    ...['--min-semi-space-size=16', '--max-semi-space-size=32', '--initial-old-space-size=1024'],
    ...(process.versions.node.startsWith('20.') ? [`--interrupt-budget=${4 * 132 * 1024}`] : []),
  ],
};

/** Once for all files. */
export const globalSetup = ['test/helpers/bundle-programs.js'];

/** Files that need more than about ten seconds of processor time, because they train or start processes. `npm run test:quick` leaves them out. */
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
  'test/tracing/random-programs.test.ts',
  'test/training/callbacks/backup-and-restore.test.ts',
  'test/training/fit.test.ts',
  'test/training/jit.test.ts',
  'test/training/loss-curves.test.ts',
  'test/training/memory.test.ts',
];

/**
 * Files that need a separate process: they look at its memory, its threads or its environment, change TF.js, compare trainings byte for byte, or
 * expect the names that the first model of a process has.
 */
const alone = [
  'test/e2e/packed.test.ts',
  'test/e2e/resume-from.test.ts',
  'test/e2e/resume.test.ts',
  'test/e2e/show-model.test.ts',
  'test/e2e/train-and-eval.test.ts',
  'test/saved-model/read/read-variables.test.ts',
  'test/serving/floods.test.ts',
  'test/serving/hostile.test.ts',
  'test/serving/serve-models.test.ts',
  'test/serving/worker',
  'test/tensorflow',
  'test/training/memory.test.ts',
  'test/training/steps',
];

// Python TensorFlow's tests run by `npm run test:parity`.
const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((name) => `test/${name.replaceAll(path.sep, '/')}`)
  .filter((file) => file.endsWith('.test.ts') && !file.startsWith('test/parity/'));
const isIn = (list: readonly string[]) => (file: string) =>
  list.some((each) => file === each || file.startsWith(`${each}/`));
const isSlow = isIn(slow);
const isAlone = isIn(alone);
const quick = files.filter((file) => !isSlow(file));
const tensorflow = quick.filter((file) => loadsTensorFlow(file));
const plain = quick.filter((file) => !tensorflow.includes(file));
const apart = [...files.filter(isSlow), ...tensorflow].filter(isAlone);
const isShared = (file: string) => !apart.includes(file);

export default defineConfig({
  test: {
    globalSetup,
    // One more than two processors: tests that wait for a process or a page leave their processor to another.
    maxWorkers: 3,
    projects: [
      // A process that loads TensorFlow takes a second and a half to start: files share one where they can.
      { test: { ...shared, name: 'plain', include: plain, isolate: false } },
      { test: { ...shared, name: 'tensorflow', include: tensorflow.filter(isShared), isolate: false } },
      { test: { ...shared, name: 'alone', include: apart } },
      { test: { ...shared, name: 'slow', include: files.filter(isSlow).filter(isShared), isolate: false } },
    ],
  },
});
