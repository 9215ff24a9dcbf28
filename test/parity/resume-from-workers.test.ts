import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startWorkers, type RunningWorkers } from '../../src/distributed/start-workers.js';
import { parseHistory } from '../../src/evaluation/report/training-history.js';
import { readVariables } from '../../src/saved-model/read/read-variables.js';
import { hasPython, python } from '../helpers/python/python.js';
import { startCommandLine, toArguments } from '../helpers/run-command-line.js';
import { copyDigits, type SmallDigits } from '../helpers/data/small-digits.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

let folder: string;
let digits: SmallDigits;
const running: RunningWorkers[] = [];
const inFolder = (...names: string[]) => path.join(folder, ...names);

/** TensorFlow takes its time on a machine that does other things. */
const train = (flags: Parameters<typeof toArguments>[0]) =>
  startCommandLine('train-model', toArguments(flags), 200_000).done;

/** Starts the only worker of a training. @param until The line with which it is killed. Default: it trains to the end. */
async function work(output: string, until?: string): Promise<void> {
  const model = inFolder('export');
  let workers: RunningWorkers | null = null;
  const onLine = (line: string) => {
    if (until !== undefined && line.includes(until)) workers?.children.forEach((child) => child.kill('SIGKILL'));
  };
  workers = await startWorkers({ python, workers: 1, model, data: digits.train, output: inFolder(output), onLine });
  running.push(workers);
  const [ending] = await workers.done;
  expect(ending?.code, ending?.lines.join('\n')).toBe(until === undefined ? 0 : null);
}

function historyOf(directory: string) {
  return parseHistory(readFileSync(path.join(directory, 'assets.extra', 'history.csv'), 'utf8')).columns;
}

function worst(a: readonly (number | null)[], b: readonly (number | null)[]): number {
  expect(a).toHaveLength(b.length);
  return Math.max(...a.map((value, i) => Math.abs((value ?? NaN) - (b[i] ?? NaN))));
}

/** Of the weights alone. */
async function expectSameModel(directory: string, expected: string): Promise<void> {
  const [own, others] = [await readVariables(directory), await readVariables(expected)];
  // Ten weights; what tells unknown images apart comes after them, and the worker has something else there.
  expect(own).toHaveLength(11);
  for (const { key, values } of own.filter((each) => !each.key.startsWith('variables/10/'))) {
    const other = others.find((each) => each.key === key)?.values as Float32Array;
    expect(worst([...(values as Float32Array)], [...other]), key).toBeLessThan(1e-5);
  }
}

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  digits = copyDigits(folder, { classes: 3, images: 30 });
});

afterAll(() => {
  for (const { children } of running) children.forEach((child) => child.kill('SIGKILL'));
});

/** What is not taken from a folder that comes from elsewhere. */
const data = () => ({ 'train-dataset-path': digits.train, 'test-dataset-path': digits.test });

describe.skipIf(!hasPython())('train-model --resume-from', { timeout: 600_000 }, () => {
  beforeAll(async () => {
    const { code, stderr } = await train({
      'train-dataset-path': digits.train,
      'test-dataset-path': digits.test,
      'model-type': 'LenetModel',
      'num-epochs': 8,
      patience: 20,
      'batch-size': 8,
      'learning-rate': 0.0002,
      augment: 'flip,rotation=0.05',
      'export-training': inFolder('export'),
    });
    expect(code, stderr).toBe(0);
    await work('whole');
    await work('part', 'epoch 4/8');
  }, 600_000);

  it('ends as the worker would have ended that was killed, but for rounding', async () => {
    const models = inFolder('models');
    const flags = { 'resume-from': inFolder('part'), ...data(), 'model-folder-path': models, jit: 'graph' };
    const { code, stdout, stderr } = await train(flags);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/BackupAndRestore: resuming .*\.1\.training at epoch [45], batch 1\n/);
    expect(stdout).toMatch(/^epochs +8, the best was \d$/m);
    expect(readdirSync(path.join(models, 'LenetModel'))).toEqual(['1']);
    const [own, whole] = [historyOf(path.join(models, 'LenetModel', '1')), historyOf(inFolder('whole'))];
    expect([...own.keys()]).toEqual(['accuracy', 'loss', 'val_accuracy', 'val_loss']);
    for (const [name, values] of own) {
      expect(values).toHaveLength(8);
      expect(worst(values, whole.get(name) ?? []), name).toBeLessThan(1e-5);
    }
    await expectSameModel(path.join(models, 'LenetModel', '1'), inFolder('whole'));
    // The worker can go on as well: its state is as it was.
    expect(existsSync(inFolder('part'))).toBe(false);
    await work('part');
    await expectSameModel(path.join(models, 'LenetModel', '1'), inFolder('part'));
  });

  it('is for the images that it began with, says worker.py too', async () => {
    const other = copyDigits(inFolder('other'), { classes: 3, images: 29 });
    const common = { python, workers: 1, model: inFolder('export'), output: inFolder('part') };
    const lone = async (data: string) => (await (await startWorkers({ ...common, data })).done)[0];
    const refused = await lone(other.train);
    expect(refused?.code).toBe(1);
    expect(refused?.lines.join('\n')).toContain(
      `The images in ${other.train} are not those that ${inFolder('part')}.training began with, by their names.`,
    );
    writeFileSync(`${inFolder('part')}.training/last`, '{"parts": 1, "nonsense": 2}');
    const damaged = await lone(digits.train);
    expect(damaged?.code).toBe(1);
    expect(damaged?.lines.join('\n')).toContain('part.training/last is damaged. Remove ');
  });

  it('trains what is done for longer', async () => {
    const models = inFolder('longer');
    const flags = { 'resume-from': `${inFolder('whole')}/`, ...data(), 'model-folder-path': models, jit: 'graph' };
    const done = await train(flags);
    expect(done.code).toBe(2);
    expect(done.stderr).toBe(
      `train-model: ${inFolder('whole')} is done: it is trained for 8 epochs, and --num-epochs is 8. To train for longer, give a larger --num-epochs.\nSee train-model --help\n`,
    );
    expect(existsSync(models)).toBe(false);
    const longer = await train({ ...flags, 'num-epochs': 10 });
    expect(longer.code, longer.stderr).toBe(0);
    expect(longer.stdout).toMatch(/^epochs +10, the best was \d+$/m);
    const [own, whole] = [historyOf(path.join(models, 'LenetModel', '1')), historyOf(inFolder('whole'))];
    expect(own.get('loss')).toHaveLength(10);
    expect(own.get('loss')?.slice(0, 8)).toEqual(whole.get('loss'));
    expect(own.get('loss')?.[9]).toBeLessThan(own.get('loss')?.[0] ?? 0);
  });
});
