import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { checkRecipe } from '../../../src/commands/train-model/recipe.js';
import { resumeTraining } from '../../../src/commands/train-model/resume-training.js';
import { trainModel } from '../../../src/commands/train-model/run.js';
import {
  completeTrainModelOptions,
  type GivenTrainModelOptions,
} from '../../../src/commands/train-model/train-model-options.js';
import { trainModelText } from '../../../src/commands/train-model/print.js';
import { loadModel } from '../../../src/models/load-model.js';
import { copyDigits, type SmallDigits } from '../../helpers/data/small-digits.js';
import { TinyBackboneModel } from '../../helpers/models/tiny-backbone-model.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

const paths = { trainDatasetPath: 'train', testDatasetPath: 'test' } as const;
const lite = { ...paths, modelType: 'EfficientNetLiteModel' } as const;

describe('which recipe a training follows', () => {
  const recipeOf = (given: Partial<GivenTrainModelOptions>) => completeTrainModelOptions({ ...lite, ...given }).recipe;

  it('is head for trained weights, none for random ones and where a flag asks for epochs, full within minutes', () => {
    expect(recipeOf({})).toBe('head');
    expect(recipeOf({ seed: 3, batchSize: 16, classWeights: 'balanced' })).toBe('head');
    expect(recipeOf({ pretrainedWeights: 'none' })).toBe('none');
    expect(recipeOf({ modelType: 'LenetModel' })).toBe('none');
    expect(recipeOf({ numEpochs: 200 })).toBe('none');
    expect(recipeOf({ augment: 'flip' })).toBe('none');
    expect(recipeOf({ minutes: 3 })).toBe('full');
    expect(recipeOf({ recipe: 'full', numEpochs: 7 })).toBe('full');
  });

  it('has defaults of its own, which what is given replaces; without a recipe they are those of the flags', () => {
    const chosen = (given: Partial<GivenTrainModelOptions>) => {
      const { numEpochs, optimizer, learningRate, augment, useEma } = completeTrainModelOptions({ ...lite, ...given });
      return [numEpochs, optimizer, learningRate, augment, useEma];
    };
    const augment = 'flip,resized-crop=0.5,trivial-augment-wide';
    expect(chosen({ recipe: 'full' })).toEqual([5, 'adamw', 0.0003, augment, true]);
    expect(chosen({ recipe: 'full', numEpochs: 8, optimizer: 'sgd', augment: 'flip' })).toEqual([8, 'sgd', 0.0003, 'flip', true]); // prettier-ignore
    expect(chosen({ recipe: 'none' })).toEqual([200, 'adam', 0.001, undefined, undefined]);
  });

  it('gives the head of EfficientNetLiteModel the features of all stages, unless others are asked for', () => {
    const featuresOf = (more: Partial<GivenTrainModelOptions>) => completeTrainModelOptions({ ...lite, ...more }).headFeatures; // prettier-ignore
    expect(featuresOf({})).toBe('stages');
    expect(featuresOf({ recipe: 'full' })).toBeUndefined();
    expect(featuresOf({ recipe: 'full', headFeatures: 'stages' })).toBe('stages');
    expect(featuresOf({ headFeatures: 'last' })).toBe('last');
    expect(featuresOf({ recipe: 'none' })).toBeUndefined();
    expect(featuresOf({ modelType: 'ResnetModel' })).toBeUndefined();
  });

  it.each<[string, Partial<GivenTrainModelOptions>, string]>([
    [
      'head with epochs',
      { recipe: 'head', numEpochs: 3, augment: 'flip' },
      '--recipe head solves for the head without epochs, and does not follow --num-epochs, --augment. Leave them out, or give --recipe full or none.',
    ],
    [
      'full with a frozen backbone',
      { recipe: 'full', freezeBackbone: true },
      '--recipe full trains all layers in this process, and does not follow --freeze-backbone. Leave them out, or give --recipe none.',
    ],
    [
      'random weights',
      { recipe: 'full', pretrainedWeights: 'none' },
      '--recipe full starts from weights that were trained, and EfficientNetLiteModel starts from random ones. Give --pretrained-weights, choose a model with a backbone, such as --model-type EfficientNetLiteModel, or leave the recipe out.',
    ],
    [
      'minutes for the head',
      { recipe: 'head', minutes: 2 },
      '--minutes limits --recipe full, and --recipe head has no use for it. Leave one of them out.',
    ],
    ['op by op', { recipe: 'head', jit: 'off' }, '--recipe head runs graphs, --jit off does not: give one of them.'],
  ])('refuses %s', (_, given, message) => {
    expect(() => checkRecipe({ ...lite, ...given })).toThrow(message);
  });
});

const modelType = 'test/helpers/models/tiny-backbone-model.ts#TinyBackboneModel';

describe('a training by a recipe', () => {
  let folder: string;
  let digits: SmallDigits;
  let given: GivenTrainModelOptions;

  beforeAll(async () => {
    folder = await temporaryFolderForAll();
    digits = copyDigits(folder, { classes: 3, images: 12, testImages: 6 });
    const pretrained = path.join(folder, 'pretrained');
    const model = new TinyBackboneModel({ classNames: ['a', 'b'], seed: 2, inputHeight: 12, inputWidth: 12 });
    await model.save(pretrained);
    model.dispose();
    given = {
      trainDatasetPath: digits.train,
      testDatasetPath: digits.test,
      modelFolderPath: path.join(folder, 'models'),
      modelType,
      pretrainedWeights: pretrained,
      batchSize: 6,
      seed: 1,
      validationSplit: 0.3,
      jit: 'graph',
      inputHeight: 12,
      inputWidth: 12,
    };
  });

  const weightsOf = async (directory: string) => {
    const model = await loadModel(directory, { modelTypes: { TinyBackboneModel } });
    return model.getWeights().map((weight) => Array.from(weight.dataSync()));
  };
  const fileOf = (directory: string, ...names: string[]) => readFileSync(path.join(directory, ...names));

  it('head: solves for the head, says so in history and report, and what fine-tuning would take', async () => {
    const result = await trainModel({ ...given, recipe: 'head' });
    expect([result.epochs, result.bestEpoch, result.interrupted]).toEqual([1, 1, false]);
    const [columns, row, ...rest] = fileOf(result.directory, 'assets.extra', 'history.csv').toString().split('\n');
    expect([columns, rest]).toEqual(['epoch,stage,accuracy,learning_rate,loss,val_accuracy,val_loss', ['']]);
    expect(row).toMatch(/^0,head,/);
    const page = fileOf(result.directory, 'assets.extra', 'report', 'report.html').toString();
    expect(page).toContain('L2 regularization of strength');
    // The command of the report is one that can be given.
    expect(page).toContain('--recipe head');
    expect(page).not.toContain('--num-epochs');
    expect(trainModelText(result)).toMatch(
      /to try {9}--recipe full trains all layers too, about \d+ \w+ here: 5 epochs of \d+ \w+; --minutes M takes as many as fit\. It trains on 90 % of the images and keeps whichever is better on the others, all layers or the head\. With few images per class it often gains nothing; compare-models shows whether it did\n/,
    );
  });

  it('full: continues with all layers, and a run that failed after the head is resumed to the same weights', async () => {
    const full = { ...given, recipe: 'full', numEpochs: 2, augment: 'flip' } as const;
    const whole = await trainModel(full);
    expect(whole.epochs).toBe(3);
    const history = fileOf(whole.directory, 'assets.extra', 'history.csv').toString();
    expect(history.split('\n').map((line) => line.split(',').slice(0, 2).join())).toEqual(['epoch,stage', '0,head', '1,fine-tuning', '2,fine-tuning', '']); // prettier-ignore
    const page = fileOf(whole.directory, 'assets.extra', 'report', 'report.html').toString();
    expect(page).toContain('all layers');

    const failing = path.join(folder, 'failing.mjs');
    const code =
      'export default { onEpochBegin: (epoch) => { if (epoch === globalThis.failingEpoch) throw new Error("no room"); } };';
    writeFileSync(failing, code);
    const modelFolderPath = path.join(folder, 'again');
    const failed = globalThis as { failingEpoch?: number };
    failed.failingEpoch = 1;
    await expect(trainModel({ ...full, modelFolderPath, callbacks: failing })).rejects.toThrow('no room');
    failed.failingEpoch = -1;
    const resumed = await resumeTraining({ modelFolderPath, modelType, callbacks: failing });
    const file = ['assets.extra', 'history.csv'] as const;
    // Losses of every epoch, to the last digit.
    expect(fileOf(resumed.directory, ...file).toString()).toBe(fileOf(whole.directory, ...file).toString());
    const [one, other] = [await weightsOf(resumed.directory), await weightsOf(whole.directory)];
    expect(one).toEqual(other);
  }, 180_000);
});
