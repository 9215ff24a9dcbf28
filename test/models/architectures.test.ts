import path from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { Dropout } from '../../src/models/classifier/dropout.js';
import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { fit } from '../../src/training/fit.js';
import { Adam } from '../../src/training/optimizers/adam.js';
import { stringVector } from '../../src/ops/strings.js';
import { architecture, withEmbedding, withoutEmbedding } from '../fixtures/architectures.js';
import { encodedImages } from '../helpers/data/encoded-images.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const classNames = ['ant', 'bee', 'cat'];
const images = tf.randomUniform<tf.Rank.R4>([6, 8, 8, 3], 0, 255, 'float32', 3);
const labels = tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32');
afterAll(() => tf.dispose([images, labels]));

async function trained(build: (typeof withEmbedding)[string] | undefined, seed = 1) {
  if (!build) throw new Error('There is no such network.');
  const model = new (architecture(build))({ classNames, seed });
  model.compile({ optimizer: new Adam() });
  const dataset = tf.data.array([{ xs: images, ys: labels }]);
  const { history } = await fit(model, dataset, { epochs: 2, verbose: 0, jit: 'graph' });
  return { model, losses: history.loss as number[] };
}

/** test/parity/architectures.test.ts has all of them. */
describe('networks as users write them', () => {
  it.each([
    'a sequential model as a backbone',
    'models nested twice',
    'a model with the head inside',
    'one convolution twice',
    'one backbone on both halves',
    'pooling at the end',
    'a linear activation at the end',
    'a backbone with two outputs',
    'logits of rows, averaged',
  ])('train, are saved, and give what goes into their last layer: %s', async (name) => {
    const { model } = await trained(withEmbedding[name]);
    const directory = path.join(await temporaryFolder(), '1');
    await model.save(directory);
    const loaded = await LoadedSavedModel.load(directory);
    const { output_0: logits } = loaded.call('serving_default', { input_tensor: images });
    expect(difference(logits, model.predictNumpyImage(images))).toBeLessThan(1e-5);
    expect(Object.keys(loaded.signature('serving_embedding').outputs)).toEqual(['embedding']);
    loaded.dispose();
    model.dispose();
  });

  it('have an embedding from which the last layer makes the logits, also inside of a model that is used as a layer', async () => {
    for (const name of ['a sequential model as a backbone', 'a model with the head inside', 'models nested twice']) {
      const { model } = await trained(withEmbedding[name]);
      const pngs = stringVector(await encodedImages());
      const { embedding } = model.embedImage?.(pngs) as { embedding: tf.Tensor2D };
      // A dense layer's kernel and bias.
      const [kernel = images, bias = images] = model.trainableWeights.slice(-2).map((weight) => weight.read());
      const logits = tf.add(tf.matMul(embedding, kernel), bias);
      expect(difference(logits, model.predictBytesImage(pngs))).toBeLessThan(1e-5);
      model.dispose();
    }
  });

  it.each(Object.entries(withoutEmbedding))(
    'are saved without an embedding where there is none: %s',
    async (_, build) => {
      const { model } = await trained(build);
      expect(model.embedImage).toBeNull();
      const directory = path.join(await temporaryFolder(), '1');
      await model.save(directory);
      const loaded = await LoadedSavedModel.load(directory);
      expect(() => loaded.signature('serving_embedding')).toThrow('serving_embedding');
      loaded.dispose();
      model.dispose();
    },
  );
});

describe("TF.js's layers that draw", () => {
  it.each([
    'every dropout and noise of TF.js',
    'dropout of channels and within a recurrent layer',
    'dropout within stacked cells',
  ])('train in a compiled step, the same for the same seed: %s', async (name) => {
    const runs = [await trained(withEmbedding[name]), await trained(withEmbedding[name])];
    const weights = runs.map(({ model }) => model.weights.map((weight) => [...weight.read().dataSync()]));
    expect(weights[0]).toEqual(weights[1]);
    const other = await trained(withEmbedding[name], 2);
    expect(other.losses).not.toEqual(runs[0]?.losses);
    for (const { model } of [...runs, other]) model.dispose();
  });

  const { alphaDropout, dropout, gaussianDropout, gaussianNoise, spatialDropout1d } = tf.layers;
  it.each<[string, tf.layers.Layer, number]>([
    ['dropout', dropout({ rate: 0.25 }), Math.sqrt(0.25 / 0.75)],
    ["Signet's dropout", new Dropout({ rate: 0.25 }), Math.sqrt(0.25 / 0.75)],
    ['spatial dropout', spatialDropout1d({ rate: 0.25 }), Math.sqrt(0.25 / 0.75)],
    ['Gaussian dropout', gaussianDropout({ rate: 0.2 }), 0.5],
    ['Gaussian noise', gaussianNoise({ stddev: 0.3 }), 0.3],
  ])('keep the mean, and leave the input alone when they are not trained: %s', (_, layer, deviation) => {
    const x = tf.ones([20, 50, 100]);
    const { mean, variance } = tf.moments(layer.apply(x, { training: true }) as tf.Tensor);
    expect(Math.abs((mean.arraySync() as number) - 1)).toBeLessThan(0.05);
    expect(Math.abs(Math.sqrt(variance.arraySync() as number) - deviation)).toBeLessThan(0.03);
    expect(difference(layer.apply(x, { training: false }) as tf.Tensor, x)).toBe(0);
  });

  it('keep mean and variance: alpha dropout', () => {
    const x = tf.randomNormal([200, 500], 0, 1, 'float32', 4);
    const { mean, variance } = tf.moments(alphaDropout({ rate: 0.3 }).apply(x, { training: true }) as tf.Tensor);
    expect(Math.abs(mean.arraySync() as number)).toBeLessThan(0.02);
    expect(Math.abs((variance.arraySync() as number) - 1)).toBeLessThan(0.02);
  });

  it('drop whole channels: spatial dropout', () => {
    const dropped = spatialDropout1d({ rate: 0.5 }).apply(tf.ones([4, 6, 30]), { training: true }) as tf.Tensor;
    const perChannel = tf.moments(dropped, 1).variance;
    expect(tf.max(perChannel).arraySync()).toBe(0);
    expect(tf.min(dropped).arraySync()).toBe(0);
  });
});

function difference(a: tf.Tensor | undefined, b: tf.Tensor): number {
  if (!a) throw new Error('There is no such output.');
  return tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).arraySync() as number);
}
