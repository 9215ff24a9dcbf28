import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { beforeAll, expect, it, vi } from 'vitest';

import { evalModel } from '../../src/commands/eval-model/run.js';
import { copyDigits, type SmallDigits } from '../helpers/data/small-digits.js';
import { forgetNames } from '../helpers/models/forget-names.js';
import { runCommandLine, startCommandLine, toArguments } from '../helpers/run-command-line.js';
import { runInProcess } from '../helpers/run-in-process.js';
import { serveFolder } from '../helpers/servers/folder-server.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

type Flags = Readonly<Record<string, string | number | true | undefined>>;

let folder: string;
let digits: SmallDigits;
const inFolder = (...names: string[]) => path.join(folder, ...names);

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  digits = copyDigits(folder, { classes: 3, images: 20, testImages: 6 });
  for (const format of ['tfrecord', 'webdataset'] as const) {
    for (const half of ['train', 'test'] as const) {
      const flags = { 'dataset-path': digits[half], output: inFolder(format, half), format, 'shard-size': 0.01 };
      await runInProcess('pack-dataset', toArguments(flags));
    }
  }
});

/** 48 images to train on: 6 steps an epoch. */
function trainArguments(data: string, models: string, flags: Flags = {}): string[] {
  return toArguments({
    'train-dataset-path': path.join(data, 'train'),
    'test-dataset-path': path.join(data, 'test'),
    'model-folder-path': inFolder(models),
    'model-type': 'LenetModel',
    'num-epochs': 3,
    'batch-size': 8,
    'on-duplicate': 'skip',
    ...flags,
  });
}

async function train(args: readonly string[]) {
  forgetNames();
  return runInProcess('train-model', args);
}

function resultOf(models: string): Readonly<Record<'history' | 'weights', string>> {
  const bytesOf = (file: string) => readFileSync(inFolder(models, 'LenetModel/1', file));
  return {
    history: bytesOf('assets.extra/history.csv').toString(),
    weights: createHash('sha256').update(bytesOf('variables/variables.data-00000-of-00001')).digest('hex'),
  };
}

/** A file for `--callbacks` that sends its own process a signal once, after the eighth batch. */
function signalOnce(signal: 'SIGINT' | 'SIGKILL'): string {
  const [file, sent] = [inFolder(`${signal}.mjs`), inFolder(`${signal}.sent`)];
  const code = `import { existsSync, writeFileSync } from 'node:fs';
    let batches = 0;
    export default {
      onBatchEnd: () => {
        batches += 1;
        if (batches !== 8 || existsSync(${JSON.stringify(sent)})) return;
        writeFileSync(${JSON.stringify(sent)}, '');
        process.kill(process.pid, '${signal}');
      },
    };`;
  writeFileSync(file, code);
  return file;
}

it('a training from shards at a web server comes to the weights of one from the folder', async () => {
  vi.stubEnv('SIGNET_SHARD_CACHE', '0');
  const { url } = await serveFolder(inFolder('webdataset'));
  const here = await train(trainArguments(folder, 'here'));
  const secret = '?signature=secret';
  const there = await train(trainArguments('', 'there', { 'train-dataset-path': `${url}train${secret}`, 'test-dataset-path': `${url}test` })); // prettier-ignore
  vi.unstubAllEnvs();
  expect([here.code, there.code], there.stderr).toEqual([0, 0]);
  expect(resultOf('there')).toEqual(resultOf('here'));
  // What goes with the model has no secrets.
  const extra = inFolder('there', 'LenetModel/1/assets.extra');
  const files = readdirSync(extra, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.map(({ name }) => name)).toContain('arguments.json');
  for (const { name, parentPath } of files) expect(readFileSync(path.join(parentPath, name), 'latin1')).not.toContain('secret'); // prettier-ignore
  expect(there.stdout).toContain(`eval-model -- --test-dataset-path ${url}test`);
});

it('a training from shards comes to the weights of one from the folder, also when Ctrl-C or kill -9 interrupts it', { timeout: 300_000 }, async () => {
  const whole = await train(trainArguments(folder, 'folder'));
  expect(whole.code, whole.stderr).toBe(0);
  const [accuracy] = /test accuracy.*/.exec(whole.stdout) ?? [];

  const byCtrlC = signalOnce('SIGINT');
  const stopped = await train(trainArguments(inFolder('tfrecord'), 'interrupted', { callbacks: byCtrlC }));
  expect(stopped.code, stopped.stderr).toBe(130);
  const byKill = signalOnce('SIGKILL');
  const ended = await runCommandLine('train-model', trainArguments(inFolder('webdataset'), 'killed', { callbacks: byKill, 'backup-steps': 2 })); // prettier-ignore
  expect(ended.code, ended.stderr).toBeNull();

  for (const [models, callbacks] of [['interrupted', byCtrlC], ['killed', byKill]] as const) {
    expect(existsSync(inFolder(models, 'LenetModel/.1.training'))).toBe(true);
    const resumed = await train(toArguments({ resume: true, 'model-folder-path': inFolder(models), callbacks }));
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stdout).toContain(accuracy);
    // Not the weights themselves: which of the two trainings it is says more than their difference.
    const [{ history, ...weights }, whole] = [resultOf(models), resultOf('folder')];
    expect(history, models).toBe(whole.history);
    expect(weights, models).toEqual({ weights: whole.weights });
  }
  const modelPath = inFolder('folder/LenetModel/1');
  const of = async (data: string) => (await evalModel({ testDatasetPath: path.join(data, 'test'), modelPath })).signatures.serving_bytes; // prettier-ignore
  const { imagesPerSecond, ...expected } = await of(folder);
  expect(imagesPerSecond).toBeGreaterThan(0);
  for (const format of ['tfrecord', 'webdataset']) expect(await of(inFolder(format))).toMatchObject(expected);
}); // prettier-ignore

it('pack-dataset, interrupted by Ctrl-C and killed, comes to the same shards', { timeout: 300_000 }, async () => {
  const args = (output: string) => toArguments({ 'dataset-path': 'data/digits/test', output, 'shard-size': 0.004 });
  const interrupt = async (signal: 'SIGINT' | 'SIGKILL') => {
    const running = startCommandLine('pack-dataset', args(inFolder('again')));
    await running.printed('packing');
    running.child.kill(signal);
    return running.done;
  };
  const stopped = await interrupt('SIGINT');
  expect(stopped.code).toBe(130);
  expect(stopped.stdout.replaceAll(folder, '')).toBe('/again: not all images are packed. Run the same command again to continue.\n'); // prettier-ignore
  expect((await interrupt('SIGKILL')).code).toBeNull();
  const done = await runInProcess('pack-dataset', args(inFolder('again')));
  expect(done.stdout).toMatch(/360 images of 10 classes in \d+ shards, [1-9]\d* of them from before/);
  await runInProcess('pack-dataset', args(inFolder('once')));
  const names = readdirSync(inFolder('again'));
  expect(names.filter((name) => !name.startsWith('.')).sort()).toEqual(readdirSync(inFolder('once')).sort());
  for (const name of readdirSync(inFolder('once'))) {
    expect(readFileSync(inFolder('again', name)).equals(readFileSync(inFolder('once', name))), name).toBe(true);
  }
});
