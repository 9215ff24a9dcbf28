import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { exportTraining } from '../../src/distributed/export-training.js';
import { startWorkers } from '../../src/distributed/start-workers.js';
import { readVariables } from '../../src/saved-model/read/read-variables.js';
import { accuracy, sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import { Adam } from '../../src/training/optimizers/adam.js';
import { copyDigits } from '../helpers/data/small-digits.js';
import { SmallClassifier } from '../helpers/models/small-classifier.js';
import { hasPython, hasRay, python, rayPython } from '../helpers/python/python.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

let folder: string;
let data: string;
let environment: NodeJS.ProcessEnv;
let cluster: ChildProcess | undefined;
const inFolder = (name: string) => path.join(folder, name);

/** Starts ray_train.py on the cluster. Batches have four parts, whatever the number of workers. */
function start(output: string, workers: number) {
  const files = {
    model: inFolder('export'),
    data,
    output: inFolder(output),
    'step-losses': inFolder(`${output}.losses`),
  };
  const flags = { workers, parts: 4, ...files };
  const words = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(rayPython, ['deploy/distributed/ray_train.py', ...words], { env: environment });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += String(text)));
  const done = once(child, 'close').then(([code]) => ({ code: code as number | null, said }));
  return { child, done, hasSaid: (text: string) => said.includes(text) };
}

/** Processes that run a file for this output, and their parents: `[process, parent]`. */
function processesOf(output: string): (readonly [number, number])[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1];
      const isWorker = words.some((word) => word.endsWith('worker.py')) && words.includes(inFolder(output));
      return isWorker ? [[Number(name), Number(parent)] as const] : [];
    } catch {
      return [];
    }
  });
}

async function expectResultOfOneWorker(output: string): Promise<void> {
  const [received, expected] = [await readVariables(inFolder(output)), await readVariables(inFolder('alone'))];
  expect(received.map(({ key }) => key)).toEqual(expected.map(({ key }) => key));
  for (const [i, { values, key }] of received.entries()) {
    const others = expected[i]?.values as Float32Array;
    const worst = Math.max(...[...(values as Float32Array)].map((value, at) => Math.abs(value - (others[at] ?? NaN))));
    expect(worst, key).toBeLessThan(1e-5);
  }
}

describe.skipIf(!hasPython() || !hasRay() || process.platform !== 'linux')(
  'ray_train.py on a cluster of four raylets',
  { timeout: 300_000 },
  () => {
    beforeAll(async () => {
      folder = await temporaryFolderForAll();
      data = copyDigits(folder, { classes: 3, images: 17 }).train;
      const model = new SmallClassifier({ classNames: ['0', '1', '2'], seed: 2, dropout: 0.2 });
      const metrics = [accuracy as unknown as string];
      model.compile({ optimizer: new Adam(), loss: sparseCategoricalCrossentropy, metrics });
      await exportTraining(model, inFolder('export'), { batchSize: 8, numEpochs: 6, patience: 100 });
      model.dispose();
      environment = {
        ...process.env,
        // Only on the loopback, which Ray otherwise replaces by the address of the machine; and without reports to its makers.
        RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER: '0',
        RAY_USAGE_STATS_ENABLED: '0',
        HOME: folder,
        // Ray notes its cluster in the folder `ray` there, which it does not make.
        RAY_TMPDIR: folder,
        TF_CPP_MIN_LOG_LEVEL: '3',
        PYTHONDONTWRITEBYTECODE: '1',
      };
      const common = { python, workers: 1, parts: 4, model: inFolder('export'), data, output: inFolder('alone') };
      const alone = await startWorkers(common);
      mkdirSync(inFolder('ray'));
      cluster = spawn(rayPython, ['test/helpers/python/ray_cluster.py', '4', inFolder('ray')], {
        env: environment,
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      if (!cluster.stdout) throw new Error('unreachable: it is a pipe');
      const lines = createInterface({ input: cluster.stdout });
      const [address] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [string?];
      expect(address, 'the cluster ended before it began').toBeDefined();
      environment.RAY_ADDRESS = address;
      const [ending] = await alone.done;
      expect(ending?.code, ending?.lines.join('\n')).toBe(0);
    }, 180_000);

    afterAll(async () => {
      if (cluster?.exitCode !== null) return;
      cluster.stdin?.end();
      await once(cluster, 'close');
    });

    it('trains with four workers to the weights of one', async () => {
      const { code, said } = await start('four', 4).done;
      expect(code, said).toBe(0);
      expect(said).toContain('waiting for all 4 workers to connect');
      await expectResultOfOneWorker('four');
    });

    it('starts all again when a worker is killed, and comes to the same weights', async () => {
      const running = start('killed', 2);
      while (!running.hasSaid('epoch 2/6') && running.child.exitCode === null)
        await new Promise((resolve) => setTimeout(resolve, 20));
      const before = processesOf('killed');
      expect(before).toHaveLength(2);
      // Ray's process, which the worker does not outlive.
      process.kill(before[1]?.[1] ?? NaN, 'SIGKILL');
      const { code, said } = await running.done;
      expect(code, said).toBe(0);
      // Six steps an epoch. They continued, and repeated at most the epoch after the last one that was kept. Ray's log may say things twice.
      const steps = readFileSync(inFolder('killed.losses'), 'utf8').trim().split('\n').length;
      expect([36, 42]).toContain(steps);
      expect(processesOf('killed')).toEqual([]);
      await expectResultOfOneWorker('killed');
    });
  },
);
