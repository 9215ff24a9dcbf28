import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { resumeFromWorkers } from '../../../src/commands/train-model/resume-training.js';
import { trainModel } from '../../../src/commands/train-model/run.js';
import {
  completeTrainModelOptions,
  type TrainModelOptions,
} from '../../../src/commands/train-model/train-model-options.js';
import { SignetError } from '../../../src/errors.js';
import { parseHistory } from '../../../src/evaluation/report/training-history.js';
import { readModelDescription } from '../../../src/models/classifier/model-description.js';
import { readSignatures } from '../../../src/saved-model/read/read-saved-model.js';
import { readVariables } from '../../../src/saved-model/read/read-variables.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { asWorkersKeepIt } from '../../helpers/training/as-workers-keep-it.js';
import { TinyBackboneModel } from '../../helpers/models/tiny-backbone-model.js';
import { copyDigits, type SmallDigits } from '../../helpers/data/small-digits.js';
import { temporaryFolder, temporaryFolderForAll } from '../../helpers/temporary-folder.js';

let folder: string;
let digits: SmallDigits;
const inFolder = (...names: string[]) => path.join(folder, ...names);

/** 29 images to train on: 4 steps an epoch, the last one of 5 images. */
function optionsFor(own: Partial<TrainModelOptions>): TrainModelOptions {
  return completeTrainModelOptions({
    trainDatasetPath: digits.train,
    testDatasetPath: digits.test,
    modelFolderPath: inFolder('models'),
    modelType: 'LenetModel',
    batchSize: 8,
    numEpochs: 5,
    patience: 9,
    learningRate: 0.0005,
    seed: 3,
    jit: 'graph',
    ...own,
  });
}

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  digits = copyDigits(folder, { classes: 3, images: 12, testImages: 6 });
});

/** What is not taken from a folder that comes from elsewhere. */
const data = () => ({ trainDatasetPath: digits.train, testDatasetPath: digits.test });

/** Other weights than the model's own. */
async function saveBackbone(place: string): Promise<string> {
  const directory = path.join(place, 'pretrained');
  const model = new TinyBackboneModel({ classNames: ['0', '1', '2'], seed: 9 });
  await model.save(directory);
  model.dispose();
  return directory;
}

const historyOf = (directory: string) =>
  parseHistory(readFileSync(path.join(directory, 'assets.extra', 'history.csv'), 'utf8')).columns;

/** Keys of the variables whose values differ. */
async function differences(directory: string, other: string): Promise<string[]> {
  const [own, others] = [await readVariables(directory), await readVariables(other)];
  const bytes = (values: unknown) => Buffer.from((values as Float32Array).buffer);
  return own.flatMap(({ name, values }, i) => (bytes(values).equals(bytes(others[i]?.values)) ? [] : [name]));
}

describe('resumeFromWorkers', { timeout: 240_000 }, () => {
  it.each<[what: string, own: Partial<TrainModelOptions>]>([
    ['LeNet with augmentation', { augment: 'flip,rotation=0.05' }],
    [
      'a model of a user with dropout, SGD with momentum, accumulation and a schedule',
      {
        modelType: 'test/helpers/models/dropping-model.ts#DroppingModel', optimizer: 'sgd', momentum: 0.9,
        gradientAccumulationSteps: 3, learningRateSchedule: 'cosine', warmupEpochs: 1, learningRate: 0.05,
        classWeights: 'balanced', labelSmoothing: 0.1,
      },
    ],
    [
      'a frozen backbone',
      {
        modelType: 'test/helpers/models/tiny-backbone-model.ts#TinyBackboneModel', freezeBackbone: true,
        optimizer: 'rmsprop', learningRate: 0.01,
      },
    ],
  ])('comes to the weights and the history of a training that was never elsewhere: %s', async (_, options) => {
    const place = await temporaryFolder();
    const own = options.freezeBackbone ? { ...options, pretrainedWeights: await saveBackbone(place) } : options;
    const { modelType } = optionsFor(own);
    const output = await asWorkersKeepIt(place, optionsFor({ ...own, exportTraining: 'export', modelVersion: 8 }), 2);
    const whole = await trainModel(optionsFor({ ...own, modelFolderPath: path.join(place, 'whole') }));
    const before = tf.memory().numTensors;
    const given = { ...data(), modelType, modelFolderPath: path.join(place, 'resumed') };
    const resumed = await resumeFromWorkers(output, given);
    expect(tf.memory().numTensors).toBe(before);
    expect(path.basename(resumed.directory)).toBe('1');
    expect(resumed).toMatchObject({ epochs: 5, bestEpoch: whole.bestEpoch, test: whole.test, interrupted: false });
    expect(await differences(resumed.directory, whole.directory)).toEqual([]);
    const [expected, received] = [historyOf(whole.directory), historyOf(resumed.directory)];
    for (const name of ['loss', 'val_loss']) expect(received.get(name), name).toEqual(expected.get(name));
    for (const name of ['accuracy', 'val_accuracy']) {
      const differ = received.get(name)?.map((value, i) => Math.abs((value ?? NaN) - (expected.get(name)?.[i] ?? NaN)));
      expect(Math.max(...(differ ?? [])), name).toBeLessThan(1e-6);
    }
    expect(readdirSync(path.dirname(resumed.directory))).toEqual(['1']);
    expect(readdirSync(`${output}.training`)).toContain('last');
  });

  it.each([3, 4])('takes an equal accuracy for no better one, though it is rounded otherwise, seed %i', async (seed) => {
    const place = await temporaryFolder();
    const still = { learningRate: 1e-9, numEpochs: 3, seed, modelFolderPath: path.join(place, 'models') };
    const output = await asWorkersKeepIt(place, optionsFor(still), 1);
    const { directory, bestEpoch } = await resumeFromWorkers(output, { ...data(), modelFolderPath: still.modelFolderPath });
    expect(bestEpoch).toBe(1);
    const accuracies = historyOf(directory).get('val_accuracy') ?? [];
    for (const each of accuracies) expect(each).toBeCloseTo(accuracies[0] ?? NaN, 6);
  });

  it('continues in this process what exchanged its gradients as bfloat16, where none travel', async () => {
    const place = await temporaryFolder();
    const own = { gradientPrecision: 'bfloat16', exportTraining: 'export', numEpochs: 2 } as const;
    const output = await asWorkersKeepIt(place, optionsFor(own), 1);
    const { directory, epochs } = await resumeFromWorkers(output, { ...data(), modelFolderPath: path.join(place, 'models') }); // prettier-ignore
    expect(epochs).toBe(2);
    expect(readFileSync(path.join(directory, 'assets.extra', 'arguments.json'), 'utf8')).not.toContain('bfloat16');
  });

  describe('of a state that is not right', () => {
    let output: string;

    beforeAll(async () => {
      output = await asWorkersKeepIt(inFolder('kept'), optionsFor({}), 2);
    });

    const editLast = (kept: string, change: (last: Record<string, unknown>) => void) => {
      const last = JSON.parse(readFileSync(path.join(kept, 'last'), 'utf8')) as Record<string, unknown>;
      change(last);
      writeFileSync(path.join(kept, 'last'), JSON.stringify(last));
    };

    it.each<[what: string, change: (kept: string) => void, code: string, message: string | RegExp]>([
      ['none', (kept) => rmSync(kept, { recursive: true }), 'INVALID_TRAINING_STATE', /There is nothing to resume from: .*output\.training\/last is missing, which worker\.py writes after every epoch\. Give the --output of worker\.py, and keep the folder output\.training next to it\.$/],
      ['no JSON', (kept) => writeFileSync(path.join(kept, 'last'), '{'), 'INVALID_TRAINING_STATE', /last is damaged, or of another version of Signet: it is not JSON: /],
      ['a best epoch that never was', (kept) => editLast(kept, (last) => (last.best_epoch = 3)), 'INVALID_TRAINING_STATE', 'is damaged'],
      ['an epoch that is a path', (kept) => editLast(kept, (last) => (last.epochs = '../../x')), 'INVALID_TRAINING_STATE', 'is damaged'],
      ['a short history', (kept) => editLast(kept, (last) => (last.history = [])), 'INVALID_TRAINING_STATE', 'is damaged'],
      ['a history of text', (kept) => editLast(kept, (last) => (last.history = [[0, '=1', 1, 1, 1], [1, 1, 1, 1, 1]])), 'INVALID_TRAINING_STATE', 'is damaged'],
      ['another data set', (kept) => editLast(kept, (last) => (last.images = 'ab')), 'INVALID_TRAINING_STATE', /The images in .*train are not those, by their names, that the training in .*output\.training began with/],
      ['no arguments', (kept) => rmSync(path.join(kept, 'arguments.json')), 'INVALID_TRAINING_STATE', 'has no arguments.json, which says how the model was made'],
      ['damaged arguments', (kept) => writeFileSync(path.join(kept, 'arguments.json'), '[]'), 'INVALID_TRAINING_STATE', 'arguments.json lacks testSplit'],
      ['no checkpoint', (kept) => rmSync(path.join(kept, 'epoch-2.index')), 'INVALID_TRAINING_STATE', /Cannot resume from checkpoint .*epoch-2: .*epoch-2\.index is missing/],
      ['a checkpoint that is cut off', (kept) => truncateSync(path.join(kept, 'epoch-2.data-00000-of-00001'), 4000), 'INVALID_TRAINING_STATE', /epoch-2: .* is damaged/],
      ['a checkpoint of an epoch before', (kept) => ['index', 'data-00000-of-00001'].forEach((ending) => cpSync(path.join(kept, `epoch-1.${ending}`), path.join(kept, `epoch-2.${ending}`))), 'INVALID_TRAINING_STATE', /has taken 4 steps\. Expected: 8/],
      ['another model', (kept) => { const file = path.join(kept, 'arguments.json'); writeFileSync(file, readFileSync(file, 'utf8').replace('LenetModel', 'MobileNetModel')); }, 'INVALID_TRAINING_STATE', /the list weights belongs to another model or optimizer\. Expected: \d+ variables\. Received: 10\./],
      ['another optimizer', (kept) => { const file = path.join(kept, 'arguments.json'); writeFileSync(file, readFileSync(file, 'utf8').replace('"optimizer": "adam"', '"optimizer": "sgd"')); }, 'INVALID_TRAINING_STATE', /the list slots belongs to another model or optimizer\. Expected: 2 variables\. Received: 22\./],
      ['code of a file that somebody handed over', (kept) => { const file = path.join(kept, 'arguments.json'); writeFileSync(file, readFileSync(file, 'utf8').replace('LenetModel', 'evil.ts#LenetModel')); }, 'INVALID_ARGUMENT', 'which code runs is not taken from a file'],
    ])('says what is wrong and writes nothing: %s', async (_, change, code, message) => {
      const place = await temporaryFolder();
      cpSync(`${output}.training`, path.join(place, 'output.training'), { recursive: true });
      change(path.join(place, 'output.training'));
      const modelFolderPath = path.join(place, 'models');
      const failed = resumeFromWorkers(path.join(place, 'output'), { ...data(), modelFolderPath });
      await expect(failed).rejects.toThrow(SignetError);
      await expect(failed).rejects.toMatchObject({ code });
      await expect(failed).rejects.toThrow(message);
      const left = existsSync(modelFolderPath) ? readdirSync(modelFolderPath, { recursive: true, withFileTypes: true }) : [];
      expect(left.filter((entry) => entry.isFile() || entry.name.includes('training'))).toEqual([]);
    });

    it('says which options differ', async () => {
      await expect(resumeFromWorkers(output, { ...data(), batchSize: 4, seed: 9 })).rejects.toThrow(
        /^--batch-size was 8 in .*output\.training, which continues with the same\. Received: 4\..*\n--seed was 3 in/,
      );
    });

    it('takes no path from it', async () => {
      await expect(resumeFromWorkers(output, {})).rejects.toThrow(
        /^--train-dataset-path was ".*" in (.*output\.training)\. Give it again: \1 comes from elsewhere, and its paths may lead to any file\.\n--test-dataset-path was/,
      );
    });

    it('says of a model without its state how to take the weights', async () => {
      const place = await temporaryFolder();
      cpSync(inFolder('kept', 'export'), path.join(place, 'done'), { recursive: true });
      await expect(resumeFromWorkers(path.join(place, 'done'), {})).rejects.toThrow(
        new RegExp(`last is missing, .*\\. --pretrained-weights ${path.join(place, 'done')} takes the weights of the model, without the state of`),
      );
    });

    it('trains what is done for longer, and not again to the same', async () => {
      const place = await temporaryFolder();
      cpSync(`${output}.training`, path.join(place, 'output.training'), { recursive: true });
      cpSync(inFolder('kept', 'export'), path.join(place, 'output'), { recursive: true });
      renameSync(path.join(place, 'output.training', 'arguments.json'), path.join(place, 'output', 'assets.extra', 'arguments.json'));
      editLast(path.join(place, 'output.training'), (last) => Object.assign(last, { is_stopped: true, wait: 9 }));
      const resumed = (given: Partial<TrainModelOptions>) =>
        resumeFromWorkers(path.join(place, 'output.training'), { ...data(), modelFolderPath: path.join(place, 'models'), ...given });
      await expect(resumed({})).rejects.toThrow(`${path.join(place, 'output')} is done: nothing improved for 9 epochs.`);
      await expect(resumed({ numEpochs: 2 })).rejects.toThrow(/output is done/);
      const { epochs, directory } = await resumed({ patience: 20, numEpochs: 3, withHeatmap: true, targetAccuracy: 0.01 });
      expect(epochs).toBe(3);
      // Workers choose nothing for the confidence; a training that ends here does.
      expect(Object.keys(await readSignatures(directory))).toEqual(expect.arrayContaining(['serving_heatmap', 'serving_known']));
      expect((await readModelDescription(directory)).confidence?.sure?.targetAccuracy).toBe(0.01);
    });
  });
}); // prettier-ignore
