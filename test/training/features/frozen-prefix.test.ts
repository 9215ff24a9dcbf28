import { describe, expect, it } from 'vitest';

import { EfficientNetLiteModel } from '../../../src/models/efficient-net-lite-model.js';
import { LenetModel } from '../../../src/models/lenet-model.js';
import { MobileNetModel } from '../../../src/models/mobile-net-model.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { findFrozenPrefix } from '../../../src/training/features/frozen-prefix.js';

const small = { alpha: 0.35, classNames: ['a', 'b'], inputHeight: 32, inputWidth: 32, seed: 1 } as const;
const prefixOf = (model: tf.LayersModel) => {
  const prefix = findFrozenPrefix(model);
  model.dispose();
  return prefix && { layer: prefix.layer, shape: prefix.shape };
};

describe('the frozen part of a model', () => {
  it('ends before what is trained, drawn at random, or not known', () => {
    expect(prefixOf(new MobileNetModel({ ...small, freezeBackbone: true }))).toEqual({ layer: 'avg_pool', shape: [1280] }); // prettier-ignore
    expect(prefixOf(new MobileNetModel({ ...small, freezeBackbone: true, dropout: 0.5 }))).toEqual({ layer: 'avg_pool', shape: [1280] }); // prettier-ignore
    expect(prefixOf(new MobileNetModel({ ...small, fineTuneFrom: 'Conv_1' }))).toEqual({ layer: 'block_16_project_BN', shape: [1, 1, 112] }); // prettier-ignore
  });

  it('includes the features of several stages, as one vector', () => {
    const lite = { classNames: ['a', 'b'], inputHeight: 32, inputWidth: 32, headFeatures: 'stages' } as const;
    expect(prefixOf(new EfficientNetLiteModel({ ...lite, freezeBackbone: true }))).toEqual({ layer: 'all_stages', shape: [4736] }); // prettier-ignore
    // Earlier stages are among the features: everything that is trained meets only before the last block of the fourth group.
    expect(prefixOf(new EfficientNetLiteModel({ ...lite, fineTuneFrom: 'top_conv' }))).toEqual({ layer: 'block4b_add', shape: [2, 2, 80] }); // prettier-ignore
  });

  it('is one tensor: within a residual block it ends before the block', () => {
    const model = new MobileNetModel({ ...small, fineTuneFrom: 'block_15_depthwise' });
    expect(prefixOf(model)).toEqual({ layer: 'block_14_add', shape: [1, 1, 56] });
  });

  it('is none where nothing with weights is frozen', () => {
    expect(prefixOf(new MobileNetModel(small))).toBeNull();
    expect(prefixOf(new LenetModel({ classNames: ['a', 'b'] }))).toBeNull();
    const frozenByHand = new LenetModel({ classNames: ['a', 'b'] });
    for (const layer of frozenByHand.layers.slice(0, -1)) layer.trainable = false;
    expect(prefixOf(frozenByHand)).toMatchObject({ shape: [84] });
  });
});
