import path from 'node:path';

import { afterEach, describe, expect, it } from 'vitest';

import type { BackboneModel, BackboneOptions } from '../../src/models/backbone-model.js';
import { EfficientNetLiteModel } from '../../src/models/efficient-net-lite-model.js';
import { InceptionModel } from '../../src/models/inception-model.js';
import { loadModel } from '../../src/models/load-model.js';
import { MobileNetModel } from '../../src/models/mobile-net-model.js';
import { nearNames } from '../../src/text/near-names.js';
import * as tf from '../../src/tensorflow/tf.js';
import { fit } from '../../src/training/fit.js';
import { sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import { fitOpByOp } from '../helpers/models/fit-op-by-op.js';
import { setKerasWeights } from '../helpers/models/keras-weights.js';
import { TinyBackboneModel } from '../helpers/models/tiny-backbone-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const common = { classNames: ['a', 'b'], seed: 3 } as const;

/** A backbone of eleven layers: what is frozen and thawed is the same code for every backbone. */
function make(options: Partial<BackboneOptions> = {}): TinyBackboneModel {
  return prepared(new TinyBackboneModel({ ...common, ...options }));
}

/** A whole network of Keras Applications, a narrow one. */
function makeMobileNet(options: Partial<BackboneOptions> = {}): MobileNetModel {
  return prepared(new MobileNetModel({ ...common, alpha: 0.35, inputHeight: 32, inputWidth: 32, ...options }));
}

function prepared<T extends BackboneModel>(model: T): T {
  setKerasWeights(model, (values, shape) => tf.tensor(values, shape));
  return compile(model);
}

function compile<T extends tf.LayersModel>(model: T): T {
  model.compile({ optimizer: tf.train.sgd(0.01), loss: sparseCategoricalCrossentropy });
  return model;
}

const load = async (directory: string) => loadModel(directory, { modelTypes: { TinyBackboneModel } });

function batches(pixels = 8) {
  const xs = tf.randomUniform([4, pixels, pixels, 3], 0, 255, 'float32', 1);
  return tf.data.array([{ xs, ys: tf.tensor1d([0, 1, 1, 1], 'int32') }]);
}

const weightsOf = (model: tf.LayersModel) =>
  new Map(model.layers.map((layer) => [layer.name, layer.getWeights().map((each) => each.dataSync().slice())]));

/** Names of the layers with weights that are others than before; the second list has those that are not. */
function compare(model: tf.LayersModel, before: ReturnType<typeof weightsOf>): [changed: string[], same: string[]] {
  const names = model.layers.filter(({ weights }) => weights.length > 0).map(({ name }) => name);
  const after = weightsOf(model);
  const bytesOf = (weights: ReturnType<typeof weightsOf>, name: string) =>
    Buffer.concat((weights.get(name) ?? []).map(({ buffer }) => Buffer.from(buffer)));
  const isSame = (name: string) => bytesOf(after, name).equals(bytesOf(before, name));
  return [names.filter((name) => !isSame(name)), names.filter(isSame)];
}

// Every trace looks at every variable there is, and the networks here have hundreds.
afterEach(() => tf.disposeVariables());

describe('the features that a head takes', () => {
  const lite = { ...common, inputHeight: 32, inputWidth: 32, headFeatures: 'stages' } as const;

  it('are those of all stages again once the model is loaded', async () => {
    const model = new EfficientNetLiteModel(lite);
    const directory = path.join(await temporaryFolder(), '1');
    await model.save(directory);
    const loaded = await loadModel(directory);
    expect(loaded.features).toBe(4736);
    const images = tf.randomUniform<tf.Rank.R4>([2, 32, 32, 3], 0, 255, 'float32', 1);
    const [own, again] = [model, loaded].map((each) => each.predictNumpyImage(images).dataSync());
    expect(again).toEqual(own);
    model.dispose();
    loaded.dispose();
  });

  it.each<[string, () => unknown, string]>([
    ['a backbone without stages', () => make({ headFeatures: 'stages' }), 'The head features of TinyBackboneModel (--head-features) are last; EfficientNetLiteModel has stages too. Received: stages.'],
    ['a word that is unknown', () => new EfficientNetLiteModel({ ...lite, headFeatures: 'all' as 'last' }), 'The head features of EfficientNetLiteModel (--head-features) are last or stages. Received: all.'],
    ['published logits', () => new EfficientNetLiteModel({ ...lite, includeTop: true }), 'includeTop takes published logits, which are for the last features only: leave headFeatures out. Received: stages.'],
  ])('are refused for %s', (_, act, message) => {
    expect(act).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }));
  }); // prettier-ignore
});

describe('a frozen backbone', () => {
  it('keeps its weights and moving averages to the last bit while the head is trained', async () => {
    const model = make({ freezeBackbone: true });
    expect(model.trainableWeights.map(({ originalName }) => originalName)).toEqual(['logits/kernel', 'logits/bias']);
    const before = weightsOf(model);
    await fit(model, batches(), { epochs: 1 });
    expect(compare(model, before)[0]).toEqual(['logits']);
    const { numTensors } = tf.memory();
    await fit(model, batches(), { epochs: 1 });
    // The batch is the test's own.
    expect(tf.memory().numTensors).toBe(numTensors + 2);
  });

  it('is trained from a layer on, whose batch normalization follows the batches then', async () => {
    const model = makeMobileNet({ fineTuneFrom: 'block_16_project' });
    const before = weightsOf(model);
    await fit(model, batches(32), { epochs: 1 });
    const [changed, same] = compare(model, before);
    expect(changed).toEqual(['block_16_project', 'block_16_project_BN', 'Conv_1', 'Conv_1_bn', 'logits']);
    expect(same).toContain('block_16_depthwise_BN');
    const movingMean = (of: typeof before) => of.get('Conv_1_bn')?.[2];
    expect(movingMean(weightsOf(model))).not.toEqual(movingMean(before));
  });

  it('is trained while its batch normalization keeps its averages, and restored as one that does', async () => {
    const options = { fineTuneFrom: 'block_16_project', freezeBatchNormalization: true };
    const directory = path.join(await temporaryFolder(), '1');
    await make(options).save(directory);
    const model = compile(await load(directory));
    expect(model.description.options).toEqual(options);
    const before = weightsOf(model);
    await fit(model, batches(), { epochs: 1 });
    expect(compare(model, before)[0]).toEqual(['block_16_project', 'block_16_project_BN', 'Conv_1', 'Conv_1_bn', 'logits']); // prettier-ignore
    const after = weightsOf(model);
    for (const name of ['block_16_project_BN', 'Conv_1_bn']) {
      const [gamma, beta, ...averages] = after.get(name) ?? [];
      expect(gamma).not.toEqual(before.get(name)?.[0]);
      expect(beta).not.toEqual(before.get(name)?.[1]);
      expect(averages).toEqual(before.get(name)?.slice(2));
    }
  });

  it('begins the training with the loss that it is evaluated with, where a batch of its own would say otherwise', async () => {
    const losses = async (options: Partial<BackboneOptions>) => {
      const model = make({ fineTuneFrom: 'block_16_project', ...options });
      const [evaluated] = [await model.evaluateDataset(batches() as never, {})].flat();
      const { loss = [] } = (await fit(model, batches(), { epochs: 1 })).history;
      return [evaluated?.dataSync()[0] ?? NaN, Number(loss[0])] as const;
    };
    const [evaluated, first] = await losses({ freezeBatchNormalization: true });
    expect(Math.abs(first - evaluated)).toBeLessThan(1e-4 * evaluated);
    const [same, other] = await losses({});
    expect(same).toBe(evaluated);
    expect(Math.abs(other - same)).toBeGreaterThan(0.01 * same);
  });

  it.each<[string, typeof make, pixels: number, Partial<BackboneOptions>]>([
    ['in part, with its averages kept', make, 8, { fineTuneFrom: 'block_16_expand', freezeBatchNormalization: true }],
    ['frozen', make, 8, { freezeBackbone: true }],
    ['in part', make, 8, { fineTuneFrom: 'block_16_expand' }],
    [
      'MobileNetV2 in part, with its averages kept',
      makeMobileNet,
      32,
      { fineTuneFrom: 'block_14_expand', freezeBatchNormalization: true },
    ],
  ])('takes the steps that TF.js takes op by op: %s', async (_, make, pixels, options) => {
    const losses = (history: tf.History) => history.history.loss as number[];
    const [one, other] = [make(options), make(options)];
    const traced = losses(await fit(one, batches(pixels), { epochs: 2 }));
    const eager = losses(await fitOpByOp(other, batches(pixels), { epochs: 2 }));
    // The second step has what the first one made of the weights.
    for (const [i, within] of [1e-5, 1e-3].entries()) {
      expect(Math.abs((traced[i] ?? NaN) / (eager[i] ?? NaN) - 1)).toBeLessThan(within);
    }
    expect(traced[0]).not.toBe(traced[1]);
  });

  it('trains on when it is thawed and compiled again', async () => {
    const model = make({ freezeBackbone: true });
    await fit(model, batches(), { epochs: 1 });
    model.fineTuneFrom('Conv_1');
    const before = weightsOf(model);
    await fit(compile(model), batches(), { epochs: 1 });
    expect(compare(model, before)[0]).toEqual(['Conv_1', 'Conv_1_bn', 'logits']);
    model.unfreeze();
    expect(model.trainableWeights.length).toBe(make().trainableWeights.length);
    expect(model.description.options).toEqual({});
  });

  it('computes what it computed before, saved and restored, and is frozen as it was', async () => {
    const folder = await temporaryFolder();
    const image = tf.randomUniform([2, 20, 30, 3], 0, 255, 'float32', 1);
    const models = [
      [makeMobileNet({ freezeBackbone: true }), { alpha: 0.35, freezeBackbone: true }],
      [make({ fineTuneFrom: 'block_16_add', dropout: 0.25 }), { fineTuneFrom: 'block_16_add', dropout: 0.25 }],
      [make({ freezeBackbone: true }), { freezeBackbone: true }],
    ] as const;
    for (const [i, [model, options]] of models.entries()) {
      const directory = path.join(folder, String(i));
      await model.save(directory);
      const loaded = await load(directory);
      expect(loaded.description).toEqual(model.description);
      expect(loaded.description.options).toEqual(options);
      expect(loaded.trainableWeights.length).toBe(model.trainableWeights.length);
      expect(loaded.predictNumpyImage(image).dataSync()).toEqual(model.predictNumpyImage(image).dataSync());
    }
  });

  it('restores what was frozen layer by layer too', async () => {
    const model = make();
    for (const layer of model.layers.slice(4, 7)) layer.trainable = false;
    const directory = path.join(await temporaryFolder(), '1');
    await model.save(directory);
    expect(weightsOf(await load(directory))).toEqual(weightsOf(model));
  });

  it('lists names like one that it does not have', () => {
    const make = (options: Partial<BackboneOptions>) => new MobileNetModel({ ...common, ...options });
    const before = tf.memory().numTensors;
    expect(() => make({ fineTuneFrom: 'block13_expand' })).toThrow(
      'MobileNetModel has no layer "block13_expand" in its backbone, which goes from Conv1 to out_relu. Names like it: block_13_expand, ',
    );
    expect(tf.memory().numTensors).toBe(before);
    expect(() => make({ fineTuneFrom: 'logits' })).toThrow('has no layer "logits"');
    expect(() => make({ fineTuneFrom: 'Conv_1', freezeBackbone: true })).toThrow('give one. Received: both');
    expect(nearNames('CONV_1', ['out_relu', 'Conv1', 'Conv_1'], 2)).toEqual(['Conv1', 'Conv_1']);
  });
});

describe('dropout before the logits', () => {
  it('drops others at every step, the same for the same seed, and nothing when it predicts', async () => {
    const losses = async (options: Partial<BackboneOptions>) => {
      const model = make({ freezeBackbone: true, ...options });
      // Steps of no length: what differs is what was dropped.
      model.compile({ optimizer: tf.train.sgd(0), loss: sparseCategoricalCrossentropy });
      return (await fit(model, batches(), { epochs: 3 })).history.loss as number[];
    };
    const [first, again, other] = [await losses({ dropout: 0.5 }), await losses({ dropout: 0.5 }), await losses({ dropout: 0.5, seed: 4 })]; // prettier-ignore
    expect(new Set(first).size).toBe(3);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    expect(new Set(await losses({})).size).toBe(1);
    const image = tf.randomUniform([2, 20, 30, 3], 0, 255, 'float32', 1);
    const logits = (options: Partial<BackboneOptions>) => make(options).predictNumpyImage(image).dataSync();
    expect(logits({ dropout: 0.5 })).toEqual(logits({}));
    expect(() => make({ dropout: 1 })).toThrow('dropout is from 0 to less than 1. Received: 1.');
  });
});

describe('batch normalization without scale', () => {
  it('is trained, as in InceptionV3', { timeout: 300_000 }, async () => {
    const options = { classNames: ['a', 'b'], seed: 1, inputHeight: 75, inputWidth: 75, fineTuneFrom: 'mixed9' };
    const model = compile(new InceptionModel(options));
    const before = weightsOf(model);
    await fit(model, batches(75), { epochs: 1 });
    const [changed, same] = compare(model, before);
    expect(changed).toContain('batch_normalization_93');
    expect(same).toContain('batch_normalization');
  });

  it('computes what batch normalization with a scale of one computes, and moves alike', async () => {
    const images = tf.randomUniform([6, 4, 4, 3], -1, 1, 'float32', 1);
    const run = async (args: object) => {
      const layer = tf.layers.batchNormalization({ ...args, inputShape: [4, 4, 3] });
      const head = [tf.layers.flatten(), tf.layers.dense({ units: 2, kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }) })]; // prettier-ignore
      const model = compile(tf.sequential({ layers: [layer, ...head] }));
      const batch = tf.data.array([{ xs: images, ys: tf.tensor1d([0, 1, 1, 0, 0, 1], 'int32') }]);
      const { history } = await fit(model, batch, { epochs: 1 });
      const moving = layer.getWeights().slice(-2).flatMap((each) => Array.from(each.dataSync())); // prettier-ignore
      return [...(history.loss as number[]), ...moving];
    };
    const expected = await run({});
    for (const args of [{ scale: false }, { center: false }]) {
      (await run(args)).forEach((value, i) => expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThan(1e-6));
    }
  });
});
