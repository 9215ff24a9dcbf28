import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { optionsToRemember, parseRememberedOptions } from '../../../src/commands/train-model/remembered-options.js';
import { resumeTraining } from '../../../src/commands/train-model/resume-training.js';
import { completeTrainModelOptions } from '../../../src/commands/train-model/train-model-options.js';
import { InterruptedTraining } from '../../../src/training/resume/interrupted-training.js';
import type { TrainingRecord } from '../../../src/training/resume/training-record.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

let models: string;
let directory: string;

beforeEach(async () => {
  const folder = await temporaryFolder();
  vi.stubEnv('SIGNET_CACHE', path.join(folder, 'cache'));
  models = path.join(folder, 'models');
  directory = path.join(models, 'LenetModel', '1');
  const options = completeTrainModelOptions({
    trainDatasetPath: path.join(folder, 'train'),
    testDatasetPath: path.join(folder, 'test'),
    modelFolderPath: models,
    modelType: 'LenetModel',
  });
  const scan = { directory: folder, classNames: [], files: [], problems: [] } as never;
  await InterruptedTraining.begin(directory, optionsToRemember(options, directory), scan);
});
afterEach(() => vi.unstubAllEnvs());

function edit(change: (record: { options: Record<string, unknown>; seal?: unknown }) => void): void {
  const file = path.join(InterruptedTraining.folderOf(directory), 'training.json');
  const record = JSON.parse(readFileSync(file, 'utf8')) as TrainingRecord<Record<string, unknown>>;
  change(record);
  writeFileSync(file, JSON.stringify(record));
}

const resume = async (given = {}) => resumeTraining({ modelFolderPath: models, ...given });

describe('a training in a folder from elsewhere', () => {
  it('is told from one that this user began here', async () => {
    // Its own paths are taken: it comes as far as the images, which are not there.
    await expect(resume()).rejects.toThrow('train');
    await expect(resume()).rejects.toThrow('does not exist');
    expect((await InterruptedTraining.find(directory, parseRememberedOptions))?.record.isOwn).toBe(true);
  });

  it.each<[what: string, change: Parameters<typeof edit>[0], named: string]>([
    ['folder that is written to', ({ options }) => (options.tensorboard = '/etc/cron.d'), '--tensorboard was "/etc/cron.d"'],
    ['data set that is read', ({ options }) => (options.testDatasetPath = '/home/secret'), '--test-dataset-path was "/home/secret"'],
    ['weight file that is read', ({ options }) => (options.pretrainedWeights = '/root/.ssh/id'), '--pretrained-weights was "/root/.ssh/id"'],
    ['path inside of it, which may be a link', ({ options }) => (options.tensorboard = path.join(models, 'logs')), '--tensorboard was'],
    ['path under another seal', (record) => Object.assign(record, { seal: '0'.repeat(64) }), '--train-dataset-path was'],
    ['path without a seal', (record) => delete record.seal, '--train-dataset-path was'],
  ])('names no %s', async (_, change, named) => {
    edit(change);
    await expect(resume()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(resume()).rejects.toThrow(named);
    await expect(resume()).rejects.toThrow('comes from elsewhere, and its paths may lead to any file.');
  });

  it('takes the paths that are given, and stays one from elsewhere', async () => {
    edit((record) => delete record.seal);
    const given = { trainDatasetPath: path.join(models, 'nowhere'), testDatasetPath: path.join(models, 'nowhere') };
    await expect(resume(given)).rejects.toThrow('nowhere');
    const training = await InterruptedTraining.find(directory, parseRememberedOptions);
    expect((await training?.takeOver())?.record.isOwn).toBe(false);
    expect((await InterruptedTraining.find(directory, parseRememberedOptions))?.record.isOwn).toBe(false);
  });

  it('is not for a reader of another key', async () => {
    rmSync(path.join(process.env.SIGNET_CACHE ?? '', 'own-key'));
    await expect(resume()).rejects.toThrow('comes from elsewhere');
  });

  it('may not lead out of itself by a link', async () => {
    edit((record) => delete record.seal);
    symlinkSync('/etc', path.join(InterruptedTraining.folderOf(directory), 'workers'));
    await expect(resume()).rejects.toThrow('workers is a symbolic link in a training that comes from elsewhere');
  });
}); // prettier-ignore
