import { readFileSync } from 'node:fs';
import path from 'node:path';

import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { resumeFromWorkers } from '../../../src/commands/train-model/resume-training.js';
import { trainModel } from '../../../src/commands/train-model/run.js';
import {
  completeTrainModelOptions,
  type GivenTrainModelOptions,
} from '../../../src/commands/train-model/train-model-options.js';
import { readThresholds } from '../../../src/models/classifier/read-thresholds.js';
import { isMultiLabelModel } from '../../../src/models/classifier/model-description.js';
import { coloredSquares } from '../../helpers/data/colored-squares.js';
import { TinyBackboneModel } from '../../helpers/models/tiny-backbone-model.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';
import { asWorkersKeepIt } from '../../helpers/training/as-workers-keep-it.js';

const tiny = 'test/helpers/models/tiny-backbone-model.ts#TinyBackboneModel';
const classes = 3;
let folder: string;
/** Two lists of pictures with several classes. */
let lists: { readonly trainList: string; readonly testList: string };
/** Weights that trainings start from. */
let pretrainedWeights: string;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  const [train, test] = [await coloredSquares(folder, 'train', 40, 1), await coloredSquares(folder, 'test', 16, 2)];
  lists = { trainList: train.list, testList: test.list };
  pretrainedWeights = path.join(folder, 'pretrained');
  const model = new TinyBackboneModel({ classNames: ['a', 'b'], seed: 2, inputHeight: 16, inputWidth: 16 });
  await model.save(pretrainedWeights);
  model.dispose();
});

beforeEach(() => void vi.spyOn(process.stderr, 'write').mockReturnValue(true));
afterEach(() => void vi.restoreAllMocks());

function optionsOf(given: Partial<GivenTrainModelOptions>): GivenTrainModelOptions {
  const usual = { modelFolderPath: path.join(folder, 'models'), batchSize: 8, seed: 4, jit: 'graph' } as const;
  return { ...usual, ...lists, ...given };
}

const smallTiny = () => ({ modelType: tiny, pretrainedWeights, inputHeight: 16, inputWidth: 16 });

async function expectMultiLabel({ directory, test }: Awaited<ReturnType<typeof trainModel>>): Promise<void> {
  expect(await isMultiLabelModel(directory)).toBe(true);
  expect(await readThresholds(directory, classes)).toHaveLength(classes);
  expect(test?.meanAveragePrecision).toBeGreaterThan(0);
}

describe('a multi-label training', () => {
  it.each([
    ['head', {}, ['head']],
    ['full', { numEpochs: 1, augment: 'flip' }, ['head', 'fine-tuning']],
  ] as const)('follows --recipe %s', async (recipe, own, stages) => {
    const result = await trainModel(optionsOf({ ...smallTiny(), recipe, ...own }));
    await expectMultiLabel(result);
    const history = readFileSync(path.join(result.directory, 'assets.extra', 'history.csv'), 'utf8')
      .trim()
      .split('\n');
    expect(history.slice(1).map((line) => line.split(',')[1])).toEqual(stages);
  });

  it('mixes the labels of two pictures with CutMix', async () => {
    await expectMultiLabel(await trainModel(optionsOf({ modelType: 'LenetModel', numEpochs: 1, augment: 'cutmix' })));
  });

  it('continues what workers began, to the epoch and the loss of a training that was never elsewhere', async () => {
    const given = { modelType: 'LenetModel', numEpochs: 3, learningRate: 0.003, augment: 'cutmix' };
    const place = path.join(folder, 'workers');
    const exporting = completeTrainModelOptions(optionsOf({ ...given, exportTraining: 'export' }));
    const output = await asWorkersKeepIt(place, exporting, 2);
    const whole = await trainModel(optionsOf({ ...given, modelFolderPath: path.join(folder, 'whole') }));
    const resumed = await resumeFromWorkers(output, { ...lists, modelFolderPath: path.join(folder, 'resumed') });
    await expectMultiLabel(resumed);
    expect(resumed).toMatchObject({ epochs: 3, bestEpoch: whole.bestEpoch, test: whole.test });
    const of = ({ directory }: typeof whole) => readThresholds(directory, classes);
    expect(await of(resumed)).toEqual(await of(whole));
  });
});
