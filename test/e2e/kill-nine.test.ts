import { existsSync, mkdirSync, readdirSync, watch } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { beforeAll, describe, expect, it } from 'vitest';

import type { GivenTrainModelOptions } from '../../src/commands/train-model/train-model-options.js';
import { trainModel } from '../../src/commands/train-model/run.js';
import { createRandom } from '../../src/data/dataset/random.js';
import { evaluatedSignatures } from '../../src/evaluation/evaluate-saved-model.js';
import { readClassNames } from '../../src/models/classifier/read-class-names.js';
import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import { startCommandLine, toArguments } from '../helpers/run-command-line.js';
import { copyDigits, type SmallDigits } from '../helpers/data/small-digits.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

const kills = 8;
/** Until both kinds have been seen: which one a kill is, is a matter of milliseconds. */
const mostKills = 24;
const digitNames = Array.from('0123456789');

let folder: string;
let digits: SmallDigits;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  digits = copyDigits(folder, { classes: 10, images: 20 });
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

/** Trains until a random moment, of which every other is in or near the first, second or third writing of a model. */
async function killWhileTraining(models: string, parent: string, random: () => number, atWriting: boolean) {
  const { child, done, printed } = startCommandLine('train-model', trainArguments(models));
  const ended = done.then(() => undefined);
  await printed('training LenetModel');
  await Promise.race([setTimeout(1500 * random()), ended]);
  for (let i = 0; atWriting && i < 1 + 2 * random(); i += 1) await Promise.race([nextWriting(parent), ended]);
  await Promise.race([setTimeout(atWriting ? 30 * random() : 0), ended]);
  child.kill('SIGKILL');
  return done;
}

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

async function expectWhole(version: string): Promise<void> {
  const model = await LoadedSavedModel.load(version);
  try {
    expect(Object.keys(model.signatures)).toEqual(expect.arrayContaining([...evaluatedSignatures]));
    expect(await readClassNames(version)).toEqual(digitNames);
  } finally {
    model.dispose();
  }
}

describe.concurrent('a training that is killed', () => {
  it.each([1, 2])(
    'leaves no model or a whole one, and the next training sweeps up: seed %i',
    { timeout: 300_000 },
    async (seed) => {
      const random = createRandom(seed);
      const models = path.join(folder, `models-${seed}`);
      const parent = path.join(models, 'LenetModel');
      const version = path.join(parent, '1');
      mkdirSync(parent, { recursive: true });
      let written = false;
      let leftovers = 0;
      for (let i = 0; i < kills || (i < mostKills && (!written || leftovers === 0)); i += 1) {
        const killed = await killWhileTraining(models, parent, random, i % 2 === 0);
        expect(killed.code, killed.stderr).toBe(null);
        const left = readdirSync(parent);
        if (existsSync(version)) await expectWhole(version);
        leftovers += left.filter((name) => /^\.1\.(new|old)-/.test(name)).length;
        written ||= left.some((name) => name === '1' || name.startsWith('.1.old-'));
        // It tidies up before it finds that it has nothing to train on.
        await expect(trainModel(nextTraining(models))).rejects.toThrow('does not exist.');
        // A model that was there once is never lost.
        const tidied = readdirSync(parent).filter((name) => name !== '.1.training');
        expect(tidied).toEqual(written ? ['1'] : []);
        if (written) await expectWhole(version);
      }
      expect(written, 'no kill came after a model was written').toBe(true);
      expect(leftovers, 'no kill came while a model was written').toBeGreaterThan(0);
    },
  );
});
