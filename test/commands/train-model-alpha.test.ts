import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { trainModel } from '../../src/commands/train-model/run.js';
import type { GivenTrainModelOptions } from '../../src/commands/train-model/train-model-options.js';
import { loadModel } from '../../src/models/load-model.js';
import { MobileNetModel } from '../../src/models/mobile-net-model.js';
import { copyDigits, type SmallDigits } from '../helpers/data/small-digits.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

let folder: string;
let digits: SmallDigits;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  digits = copyDigits(folder);
});

function train(options: Partial<GivenTrainModelOptions>) {
  return trainModel({
    trainDatasetPath: digits.train,
    testDatasetPath: digits.test,
    modelFolderPath: path.join(folder, 'models'),
    modelType: 'MobileNetModel',
    pretrainedWeights: 'none',
    inputWidth: 32,
    inputHeight: 32,
    batchSize: 8,
    numEpochs: 1,
    seed: 1,
    ...options,
  });
}

describe('train-model --alpha', () => {
  it('trains a MobileNetModel of that width', { timeout: 300_000 }, async () => {
    const { directory } = await train({ alpha: 0.35, jit: 'off' });
    const trained = await loadModel(directory);
    const sizes = { classNames: ['0', '1'], inputWidth: 32, inputHeight: 32 };
    const [narrow, wide] = [new MobileNetModel({ ...sizes, alpha: 0.35 }), new MobileNetModel(sizes)];
    expect(trained.description.options).toMatchObject({ alpha: 0.35 });
    expect(trained.countParams()).toBe(narrow.countParams());
    expect(wide.countParams()).toBeGreaterThan(2 * narrow.countParams());
    [trained, narrow, wide].forEach((model) => model.dispose());
  });

  it('is for no other class, and has a range', async () => {
    await expect(train({ alpha: 0.35, modelType: 'LenetModel' })).rejects.toThrow(
      '--alpha is for MobileNetModel, MobileNetV3Model. Received: 0.35 with LenetModel.',
    );
    await expect(train({ alpha: 0 })).rejects.toThrow('--alpha is more than 0 and at most 2. Received: 0.');
  });
});
