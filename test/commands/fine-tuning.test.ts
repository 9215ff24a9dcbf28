import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { startFromWeights } from '../../src/commands/train-model/trainable-model.js';
import { trainModel, type TrainModelResult } from '../../src/commands/train-model/run.js';
import type { GivenTrainModelOptions } from '../../src/commands/train-model/train-model-options.js';
import { imageDatasetFromDirectory } from '../../src/data/dataset/image-dataset-from-directory.js';
import { loadModel } from '../../src/models/load-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { fit } from '../../src/training/fit.js';
import { accuracy, sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import { TinyBackboneModel } from '../helpers/models/tiny-backbone-model.js';
import { copyDigits, type SmallDigits } from '../helpers/data/small-digits.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

const sizes = { inputHeight: 28, inputWidth: 28 } as const;
const imageSize = [28, 28] as const;
const seed = 1;

let folder: string;
let digits: SmallDigits;
/** A backbone that has learnt five other digits. */
let pretrained: string;
/** How well it does before it has seen one of the new digits. */
let start: number;
let frozen: TrainModelResult;
let thawed: TrainModelResult;

function compiled(model: TinyBackboneModel): TinyBackboneModel {
  const metrics = [accuracy as unknown as string];
  model.compile({ optimizer: tf.train.adam(0.002), loss: sparseCategoricalCrossentropy, metrics });
  return model;
}

/** Real pictures have taught this backbone something, as ImageNet's have the published ones. */
async function pretrain(directory: string): Promise<void> {
  const { train } = copyDigits(path.join(folder, 'source'), { classes: 5, images: 60 });
  const dataset = await imageDatasetFromDirectory(train, { imageSize, batchSize: 16, seed });
  const model = new TinyBackboneModel({ classNames: dataset.classNames, seed, ...sizes });
  // MobileNet's averages move by a thousandth a step: for so few steps they must move faster.
  for (const layer of model.layers) if ('momentum' in layer) layer.momentum = 0.8;
  await fit(compiled(model), dataset, { epochs: 8 });
  await model.save(directory);
}

async function accuracyAtStart(): Promise<number> {
  const dataset = await imageDatasetFromDirectory(digits.test, { imageSize, batchSize: 16 });
  const model = new TinyBackboneModel({ classNames: dataset.classNames, seed, ...sizes });
  await startFromWeights(model, pretrained);
  const scalars = (await compiled(model).evaluateDataset(dataset)) as tf.Scalar[];
  return scalars[1]?.dataSync()[0] ?? NaN;
}

async function train(options: Partial<GivenTrainModelOptions>): Promise<TrainModelResult> {
  return trainModel({
    trainDatasetPath: digits.train,
    testDatasetPath: digits.test,
    modelFolderPath: path.join(folder, 'models'),
    modelType: 'test/helpers/models/tiny-backbone-model.ts#TinyBackboneModel',
    batchSize: 16,
    patience: 20,
    seed,
    numEpochs: 8,
    learningRate: 0.01,
    ...sizes,
    ...options,
  });
}

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  pretrained = path.join(folder, 'pretrained');
  await pretrain(pretrained);
  digits = copyDigits(path.join(folder, 'target'), { first: 5, classes: 5, images: 30 });
  start = await accuracyAtStart();
  frozen = await train({ pretrainedWeights: pretrained, freezeBackbone: true, dropout: 0.1 });
  thawed = await train({ pretrainedWeights: frozen.directory, numEpochs: 6, learningRate: 0.0003 });
}, 300_000);

/** The weights of the backbone's layers. */
const layersOf = async (directory: string) => {
  const model = await loadModel(directory, { modelTypes: { TinyBackboneModel } });
  const layers = model.layers.filter(({ name, weights }) => weights.length > 0 && name !== 'logits');
  return new Map(layers.map((layer) => [layer.name, layer.getWeights().map((each) => Array.from(each.dataSync()))]));
};
const backboneOf = async (directory: string) => [...(await layersOf(directory)).values()].flat();

describe('fine-tuning on new classes', () => {
  it('improves over its start with the backbone frozen, and then with all layers', () => {
    expect(start).toBeLessThan(0.35);
    expect(frozen.test?.accuracy).toBeGreaterThan(start + 0.15);
    expect(thawed.test?.accuracy).toBeGreaterThan(start + 0.15);
  });

  it('leaves the frozen backbone as it was, and none of it when it is thawed', async () => {
    const [before, during, after] = [await backboneOf(pretrained), await backboneOf(frozen.directory), await backboneOf(thawed.directory)]; // prettier-ignore
    expect(during).toEqual(before);
    after.forEach((values, i) => expect(values).not.toEqual(during[i]));
  });

  it('leaves the averages of batch normalization as they were, and no kernel, when they are to stay', async () => {
    const options = { pretrainedWeights: frozen.directory, numEpochs: 1, learningRate: 0.0003 } as const;
    const { directory } = await train({ ...options, freezeBatchNormalization: true });
    const [before, after] = [await layersOf(frozen.directory), await layersOf(directory)];
    for (const [name, [first, , ...averages]] of before) {
      expect(after.get(name)?.[0]).not.toEqual(first);
      expect(after.get(name)?.slice(2)).toEqual(averages);
    }
    expect([...before.values()].filter((values) => values.length === 4)).toHaveLength(5);
  });
});
