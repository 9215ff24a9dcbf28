import { describe, expect, it } from 'vitest';

import { featureMapsOf, whyNoFeatureMap } from '../../../src/models/classifier/feature-map.js';
import { EfficientNetLiteModel } from '../../../src/models/efficient-net-lite-model.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { architecture, withEmbedding, withoutEmbedding } from '../../fixtures/architectures.js';

const networks = { ...withEmbedding, ...withoutEmbedding };

/** The feature map of a network for images of 8 x 8 pixels, and whether its two halves give the logits. */
function halves(name: string): { shapes: number[][]; isSame: boolean } | string {
  const build = networks[name];
  if (!build) throw new Error(`There is no network "${name}".`);
  const model = new (architecture(build))({ classNames: ['ant', 'bee', 'cat'], seed: 1 });
  const maps = featureMapsOf(model);
  const found = tf.tidy(() => {
    if (!maps) return whyNoFeatureMap(model);
    const images = tf.randomUniform([2, 8, 8, 3], 0, 255, 'float32', 3);
    const features = maps.features(images);
    const logits = model.apply(images, { training: false }) as tf.Tensor;
    const isSame = tf.max(tf.abs(tf.sub(maps.logits(features), logits))).dataSync()[0] === 0;
    return { shapes: features.map(({ shape }) => shape.slice(1)), isSame };
  });
  model.dispose();
  return found;
}

describe('the last feature map', () => {
  it.each([
    ['pooling at the end', [8, 8, 3]],
    ['a convolution and a reshape at the end', [8, 8, 4]],
    ['one convolution twice', [8, 8, 3]],
    ['up and down', [17, 17, 2]],
  ] as const)('is what the last convolution gives: %s', (name, shape) => {
    expect(halves(name)).toEqual({ shapes: [shape], isSame: true });
  });

  it.each([
    ['inception branches', [8, 8, 8]],
    ['residual blocks', [8, 8, 4]],
    ['squeeze and excitation', [8, 8, 4]],
    ['attention by a sigmoid', [8, 8, 4]],
  ] as const)('is where branches have met: %s', (name, shape) => {
    expect(halves(name)).toEqual({ shapes: [shape], isSame: true });
  });

  it.each([
    ['a sequential model as a backbone', [8, 8, 4]],
    ['models nested twice', [8, 8, 4]],
    ['a model with the head inside', [8, 8, 4]],
  ] as const)('is found in a model that is used as a layer: %s', (name, shape) => {
    expect(halves(name)).toEqual({ shapes: [shape], isSame: true });
  });

  it('is none without a convolution, and where branches meet after their pixels are gone', () => {
    expect(halves('rows through an LSTM')).toMatchInlineSnapshot(
      `"it has no convolution over rows and columns of pixels"`,
    );
    expect(halves('one backbone on both halves')).toMatchInlineSnapshot(
      `"its branches meet only where no pixels are left, so there is no last feature map that all logits depend on"`,
    );
  });

  it('is that of each stage whose mean the head takes', () => {
    const model = new EfficientNetLiteModel({
      classNames: ['ant', 'bee'],
      inputHeight: 48,
      inputWidth: 32,
      headFeatures: 'stages',
      seed: 1,
    });
    const maps = featureMapsOf(model);
    tf.tidy(() => {
      const images = tf.randomUniform([2, 48, 32, 3], 0, 255, 'float32', 3);
      const features = maps?.features(images) ?? [];
      expect(features.map(({ shape }) => shape.slice(1))).toEqual([
        [2, 1, 1280],
        [3, 2, 480],
        [3, 2, 672],
        [2, 1, 1152],
        [2, 1, 1152],
      ]);
      const logits = model.apply(images, { training: false }) as tf.Tensor;
      expect(tf.max(tf.abs(tf.sub(maps?.logits(features) ?? 0, logits))).dataSync()[0]).toBe(0);
    });
    model.dispose();
  });

  it('is the one before pooling', () => {
    const { conv2d, dense, dropout, flatten, maxPooling2d } = tf.layers;
    const model = tf.sequential({
      layers: [
        conv2d({ filters: 2, kernelSize: 3, inputShape: [8, 8, 3] }),
        maxPooling2d({ poolSize: 2 }),
        dropout({ rate: 0.5 }),
        flatten(),
        dense({ units: 2 }),
      ],
    });
    const shape = tf.tidy(() => featureMapsOf(model)?.features(tf.zeros([1, 8, 8, 3]))[0]?.shape);
    expect(shape).toEqual([1, 6, 6, 2]);
    model.dispose();
  });
});
