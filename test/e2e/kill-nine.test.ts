import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, watch } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { beforeAll, describe, expect, it } from 'vitest';

import type { GivenTrainModelOptions } from '../../src/commands/train-model/train-model-options.js';
import { trainModel } from '../../src/commands/train-model/run.js';
import { createRandom } from '../../src/data/dataset/random.js';
import { evaluatedSignatures } from '../../src/evaluation/evaluate-saved-model.js';
import { readClassNames } from '../../src/models/classifier/read-class-names.js';
import { LenetModel } from '../../src/models/lenet-model.js';
import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import { startCommandLine, toArguments } from '../helpers/run-command-line.js';
import { copyDigits, type SmallDigits } from '../helpers/data/small-digits.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';
import { runTypeScript } from '../helpers/run-type-script.js';

const digitNames = Array.from('0123456789');
const weightsFile = path.join('variables', 'variables.data-00000-of-00001');

let folder: string;
let digits: SmallDigits;
/** Two models that can be told apart. */
let [before, after] = ['', ''];

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  digits = copyDigits(folder, { classes: 10, images: 20 });
  [before, after] = [path.join(folder, 'before'), path.join(folder, 'after')];
  for (const [seed, directory] of [before, after].entries()) {
    const model = new LenetModel({ classNames: digitNames, seed });
    await model.save(directory);
    model.dispose();
  }
});

/** A training that improves, and so saves, about every tenth of a second in its first two. */
function trainArguments(models: string): string[] {
  return toArguments({
    'train-dataset-path': digits.train,
    'test-dataset-path': digits.test,
    'model-folder-path': models,
    'model-type': 'LenetModel',
    'model-version': 1,
    overwrite: true,
    'num-epochs': 200,
    patience: 200,
    'learning-rate': 0.0002,
    'validation-split': 0.5,
  });
}

/** The training after one that was killed, without images. What it tidies up does not ask which process it is in. */
function nextTraining(models: string): GivenTrainModelOptions {
  return {
    trainDatasetPath: path.join(folder, 'gone'),
    testDatasetPath: digits.test,
    modelFolderPath: models,
    modelType: 'LenetModel',
    modelVersion: 1,
    overwrite: true,
    numEpochs: 200,
    patience: 200,
    learningRate: 0.0002,
    validationSplit: 0.5,
  };
}

async function expectWhole(version: string): Promise<void> {
  const model = await LoadedSavedModel.load(version);
  try {
    expect(Object.keys(model.signatures)).toEqual(expect.arrayContaining([...evaluatedSignatures]));
    expect(await readClassNames(version)).toEqual(digitNames);
  } finally {
    model.dispose();
  }
}

/** The folder of a model's versions, with `before` as version 1 or empty. */
function makeParent(isThere: boolean): { readonly models: string; readonly parent: string; readonly version: string } {
  const models = mkdtempSync(path.join(folder, 'models-'));
  const parent = path.join(models, 'LenetModel');
  const version = path.join(parent, '1');
  mkdirSync(parent);
  if (isThere) cpSync(before, version, { recursive: true });
  return { models, parent, version };
}

/** What a crash left, with `PID` for the process. */
const leftIn = (parent: string) =>
  readdirSync(parent)
    .sort()
    .map((name) => name.replace(/\d+$/, (id) => (id === '1' ? id : 'PID')));

/** Starts the next training, which tidies up before it finds that it has nothing to train on. */
async function tidyUp(models: string, parent: string): Promise<string[]> {
  await expect(trainModel(nextTraining(models))).rejects.toThrow('does not exist.');
  return readdirSync(parent).filter((name) => name !== '.1.training');
}

describe('a process that dies while it writes a model', () => {
  const [made, old] = ['.1.new-PID', '.1.old-PID'];
  it.each<[step: string, isThere: boolean, left: string[], version: 'before' | 'after' | null]>([
    ['make', false, [made], null],
    ['write', false, [made], null],
    ['sync', false, [made], null],
    ['move-in', false, ['1'], 'after'],
    ['remove', false, ['1'], 'after'],
    ['make', true, [made, '1'], 'before'],
    ['write', true, [made, '1'], 'before'],
    ['sync', true, [made, '1'], 'before'],
    ['move-away', true, [made, old], 'before'],
    ['move-in', true, [old, '1'], 'after'],
    ['remove', true, ['1'], 'after'],
  ])(
    'after %s, a version there: %j, leaves %j, of which the next training keeps %s',
    async (step, isThere, left, kept) => {
      const { models, parent, version } = makeParent(isThere);
      const args = [...runTypeScript, path.join(import.meta.dirname, 'write-and-crash.ts'), after, version];
      const died = spawnSync(process.execPath, args, { env: { ...process.env, SIGNET_TEST_CRASH_AFTER: `${step} 1` } });
      expect(died.signal, String(died.stderr)).toBe('SIGKILL');
      expect(leftIn(parent)).toEqual(left);
      expect(await tidyUp(models, parent)).toEqual(kept === null ? [] : ['1']);
      if (kept === null) return;
      await expectWhole(version);
      const expected = readFileSync(path.join(kept === 'before' ? before : after, weightsFile));
      expect(readFileSync(path.join(version, weightsFile)).equals(expected)).toBe(true);
    },
  );
});

/** The moment at which a model's directory appears; after twenty seconds no further one is expected. */
async function nextWriting(parent: string): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  await new Promise<void>((resolve) => {
    const watcher = watch(parent, (_event, name) => {
      if (!name?.startsWith('.1.new-')) return;
      watcher.close();
      resolve();
    });
    signal.addEventListener('abort', () => {
      watcher.close();
      resolve();
    });
  });
}

describe('a training that is killed', () => {
  it.each(['write', 'move-away'])('after %s leaves the whole model that was there', async (step) => {
    const { models, parent, version } = makeParent(true);
    process.env.SIGNET_TEST_CRASH_AFTER = `${step} 1`;
    const { done } = startCommandLine('train-model', trainArguments(models));
    // The process has its own copy; this one must not die.
    delete process.env.SIGNET_TEST_CRASH_AFTER;
    const killed = await done;
    expect(killed.code, killed.stderr).toBe(null);
    expect(leftIn(parent)).toContain('.1.new-PID');
    expect(existsSync(version)).toBe(step === 'write');
    expect(await tidyUp(models, parent)).toEqual(['1']);
    await expectWhole(version);
  });

  it(
    'at any moment leaves no model or a whole one, and the next training sweeps up',
    { timeout: 300_000 },
    async () => {
      const random = createRandom(1);
      const { models, parent, version } = makeParent(false);
      let written = false;
      for (let i = 0; i < 3; i += 1) {
        const { child, done, printed } = startCommandLine('train-model', trainArguments(models));
        await printed('training LenetModel');
        if (i > 0) await Promise.race([nextWriting(parent), done]);
        await setTimeout(30 * random());
        child.kill('SIGKILL');
        const killed = await done;
        expect(killed.code, killed.stderr).toBe(null);
        if (existsSync(version)) await expectWhole(version);
        written ||= readdirSync(parent).some((name) => name === '1' || name.startsWith('.1.old-'));
        // A model that was there once is never lost.
        expect(await tidyUp(models, parent)).toEqual(written ? ['1'] : []);
        if (written) await expectWhole(version);
      }
    },
  );
});
