import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import {
  optionsToRemember,
  parseRememberedOptions,
  resumedOptions,
} from '../../../src/commands/train-model/remembered-options.js';
import {
  completeTrainModelOptions,
  type TrainModelOptions,
} from '../../../src/commands/train-model/train-model-options.js';
import type { ImageScan } from '../../../src/data/scan/image-scan.js';
import { findInterruptedTraining } from '../../../src/training/resume/find-interrupted-training.js';
import { InterruptedTraining } from '../../../src/training/resume/interrupted-training.js';
import { VersionDirectory } from '../../../src/training/resume/version-directory.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

const scan: ImageScan = {
  directory: 'train',
  classNames: ['a', 'b'],
  files: [],
  problems: [],
  notes: { strayFiles: [], unusedDirectories: [], repeatedDirectories: [] },
};

const options = completeTrainModelOptions({
  trainDatasetPath: '/train',
  testDatasetPath: '/test',
  modelType: 'LenetModel',
  numEpochs: 10,
});

const find = (directory: string) => InterruptedTraining.find(directory, parseRememberedOptions);

async function begin(directory: string, own = options, writeState?: (folder: string) => Promise<void>) {
  return InterruptedTraining.begin(directory, optionsToRemember(own, directory), scan, writeState);
}

async function begun(version = 1, own: Partial<TrainModelOptions> = {}) {
  const models = await temporaryFolder();
  const directory = path.join(models, 'LenetModel', String(version));
  const training = await begin(directory, { ...options, ...own });
  return { models, directory, training, record: path.join(training.folder, 'training.json') };
}

const edit = (file: string, change: (record: Record<string, unknown>) => void) => {
  const record = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  change(record);
  writeFileSync(file, JSON.stringify(record));
};

describe('InterruptedTraining', () => {
  it('keeps a version for itself, and is removed as a whole', async () => {
    const { models, directory, training } = await begun(3);
    expect(readdirSync(path.dirname(directory))).toEqual(['.3.training']);
    const prepare = async (modelVersion: number | undefined, overwrite = false) => {
      const wanted = { modelFolderPath: models, modelType: 'LenetModel', modelVersion, overwrite };
      return (await VersionDirectory.prepare(wanted)).path;
    };
    expect(await prepare(undefined)).toBe(path.join(models, 'LenetModel', '4'));
    await expect(prepare(3)).rejects.toThrow(
      `${training.folder} keeps an interrupted training of that version: train-model --resume continues it.`,
    );
    expect(await prepare(3, true)).toBe(directory);
    await training.remove();
    expect(readdirSync(path.dirname(directory))).toEqual([]);
  });

  it('has a state when BackupAndRestore or workers have written one', async () => {
    for (const file of ['training_metadata.json', 'workers/output.training/last']) {
      const { training } = await begun();
      expect(training.hasState).toBe(false);
      mkdirSync(path.dirname(path.join(training.folder, file)), { recursive: true });
      writeFileSync(path.join(training.folder, file), '{}');
      expect(training.hasState).toBe(true);
    }
  });

  it('appears whole or not at all, with a state from elsewhere too', async () => {
    const { directory, training } = await begun();
    await training.remove();
    const failing = async (folder: string) => {
      writeFileSync(path.join(folder, 'state'), 'half');
      return Promise.reject(new Error('no room'));
    };
    await expect(begin(directory, options, failing)).rejects.toThrow('no room');
    expect(readdirSync(path.dirname(directory))).toEqual([]);
    const state = async (folder: string) => {
      writeFileSync(path.join(folder, 'state'), 'whole');
      return Promise.resolve();
    };
    await begin(directory, options, state);
    expect(readdirSync(training.folder).sort()).toEqual(['state', 'training.json']);
    expect(await find(directory)).not.toBeNull();
  });

  it('is found by type and version, the last one first', async () => {
    const { models, directory } = await begun(3);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const other = path.join(models, 'TinyModel', '12');
    await begin(other, { ...options, seed: 7 });
    mkdirSync(path.join(models, 'LenetModel', '.9.training'));
    const findLast = async (wanted: object) =>
      (await findInterruptedTraining({ modelFolderPath: models, ...wanted }, parseRememberedOptions)).directory;
    expect(await findLast({})).toBe(other);
    expect(await findLast({ modelType: 'LenetModel' })).toBe(directory);
    expect(await findLast({ modelVersion: 3 })).toBe(directory);
    await expect(findLast({ modelType: 'LenetModel', modelVersion: 9 })).rejects.toThrow(
      `There is nothing to resume: ${models} keeps no interrupted training of version 9 of LenetModel.`,
    );
  });

  it.skipIf(process.platform !== 'linux')('is not for two processes at a time', async () => {
    const { directory, training, record } = await begun();
    const other = spawn('sleep', ['60']);
    const started = (id: number) => readFileSync(`/proc/${id}/stat`, 'utf8').split(' ')[21] ?? '';
    try {
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      const id = other.pid ?? 0;
      edit(record, (r) => (r.process = { id, started: `${boot} ${started(id)}` }));
      const running = `${training.folder} is the training of process ${id}, which is running. Wait for it or end it`;
      const found = await find(directory);
      await expect(found?.takeOver()).rejects.toThrow(running);
      await expect(begin(directory)).rejects.toThrow(running);
      // The number is now that of another process than before the machine was started again.
      edit(record, (r) => (r.process = { id, started: `${boot} 1` }));
      expect((await (await find(directory))?.takeOver())?.record.process.id).toBe(process.pid);
    } finally {
      other.kill();
    }
  });

  it.each<[what: string, change: (record: Record<string, unknown>) => void, message: RegExp]>([
    ['another format', (r) => (r.format = 9), /training\.json is damaged, or of another version of Signet: format: expected 1, received 9\. Begin the training again/],
    ['no process', (r) => (r.process = null), /is damaged/],
    ['an option of another type', (r) => (r.options = { ...options, batchSize: '../x' }), /says "batchSize" is "\.\.\/x"\. Expected: number\./],
    ['an unknown option', (r) => (r.options = { ...options, constructor: 1 }), /says "constructor" is 1\. Expected: an option that this version/],
    ['a missing option', (r) => (r.options = { ...options, seed: undefined }), /lacks seed/],
    ['no options', (r) => (r.options = null), /lacks testSplit/],
  ])('says what is wrong with a record: %s', async (_, change, message) => {
    const { directory, record } = await begun();
    edit(record, change);
    await expect(find(directory)).rejects.toThrow(message);
    // Who begins again does not need it.
    await begin(directory);
  });
}); // prettier-ignore

describe('resumedOptions', () => {
  const remembered = { ...options, momentum: 0.9, jit: 'graph' } as const;
  const resumed = (given: Partial<TrainModelOptions>, before: Partial<TrainModelOptions> = {}) =>
    resumedOptions({ ...remembered, ...before }, given, 'models/LenetModel/.1.training');

  it('takes what was given, and for the rest what it had', () => {
    const given = { numEpochs: 20, patience: 9, jit: 'xla', cache: 0, onBadImage: 'skip', batchSize: 32 } as const;
    expect(resumed(given)).toEqual({ ...remembered, ...given });
    const weights = path.resolve('weights.h5');
    expect(resumed({ pretrainedWeights: 'weights.h5' }, { pretrainedWeights: weights }).pretrainedWeights).toBe('weights.h5');
  });

  it('names all that differs', () => {
    expect(() => resumed({ seed: 1, momentum: 0.5, dropout: 0.1 })).toThrow(
      '--momentum was 0.9 in models/LenetModel/.1.training, which continues with the same. Received: 0.5. Leave it out, or begin again ' +
        'without --resume.\n',
    );
    expect(() => resumed({ dropout: 0.1 })).toThrow('--dropout was not given in models/LenetModel/.1.training');
    expect(() => resumed({ numEpochs: 20 }, { learningRateSchedule: 'cosine' })).toThrow('--num-epochs was 10 in');
    expect(resumed({ numEpochs: 20 }, { learningRateSchedule: 'plateau' }).numEpochs).toBe(20);
  });

  it('takes fewer workers than there are parts of a batch, and no workers where there were none', () => {
    expect(resumed({ workers: 1 }, { workers: 3 }).workers).toBe(1);
    expect(resumed({}, { workers: 3 }).workers).toBe(3);
    for (const workers of [4, 0, 1.5]) {
      expect(() => resumed({ workers }, { workers: 3 })).toThrow(
        `--workers was 3 in models/LenetModel/.1.training: a batch is split into that many parts, and each worker takes one or more. Received: ${workers}.`,
      );
    }
    expect(() => resumed({ workers: 2 })).toThrow('--workers was not given in models/LenetModel/.1.training');
  });

  it('runs no code that only a file names', () => {
    const type = { modelType: 'my/model.ts#Mine' };
    expect(() => resumed({}, { ...type, callbacks: 'evil.ts' })).toThrow(
      '--model-type was "my/model.ts#Mine" in models/LenetModel/.1.training. Give it again: which code runs is not taken from a file.\n' +
        '--callbacks was "evil.ts"',
    );
    expect(resumed({ ...type, callbacks: 'mine.ts' }, { ...type, callbacks: 'evil.ts' }).callbacks).toBe('mine.ts');
  });
}); // prettier-ignore
