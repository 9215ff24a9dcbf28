import { describe, expect, it } from 'vitest';

import { featureMapOf, whyNoFeatureMap } from '../../../src/models/classifier/feature-map.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { architecture, withEmbedding, withoutEmbedding } from '../../fixtures/architectures.js';

const networks = { ...withEmbedding, ...withoutEmbedding };

/** The feature map of a network for images of 8 x 8 pixels, and whether its two halves give the logits. */
function halves(name: string): { shape: number[]; isSame: boolean } | string {
  const build = networks[name];
  if (!build) throw new Error(`There is no network "${name}".`);
  const model = new (architecture(build))({ classNames: ['ant', 'bee', 'cat'], seed: 1 });
  const map = featureMapOf(model);
  const found = tf.tidy(() => {
    if (!map) return whyNoFeatureMap(model);
    const images = tf.randomUniform([2, 8, 8, 3], 0, 255, 'float32', 3);
    const features = map.features(images);
    const logits = model.apply(images, { training: false }) as tf.Tensor;
    const isSame = tf.max(tf.abs(tf.sub(map.logits(features), logits))).dataSync()[0] === 0;
    return { shape: features.shape.slice(1), isSame };
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
    expect(halves(name)).toEqual({ shape, isSame: true });
  });

  it.each([
    ['inception branches', [8, 8, 8]],
    ['residual blocks', [8, 8, 4]],
    ['squeeze and excitation', [8, 8, 4]],
    ['attention by a sigmoid', [8, 8, 4]],
  ] as const)('is where branches have met: %s', (name, shape) => {
    expect(halves(name)).toEqual({ shape, isSame: true });
  });

  it.each([
    ['a sequential model as a backbone', [8, 8, 4]],
    ['models nested twice', [8, 8, 4]],
    ['a model with the head inside', [8, 8, 4]],
  ] as const)('is found in a model that is used as a layer: %s', (name, shape) => {
    expect(halves(name)).toEqual({ shape, isSame: true });
  });

  it('is none without a convolution, and where branches meet after their pixels are gone', () => {
    expect(halves('rows through an LSTM')).toMatchInlineSnapshot(
      `"it has no convolution over rows and columns of pixels"`,
    );
    expect(halves('one backbone on both halves')).toMatchInlineSnapshot(
      `"its branches meet only where no pixels are left, so there is no last feature map that all logits depend on"`,
    );
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
    const shape = tf.tidy(() => featureMapOf(model)?.features(tf.zeros([1, 8, 8, 3])).shape);
    expect(shape).toEqual([1, 6, 6, 2]);
    model.dispose();
  });
});
