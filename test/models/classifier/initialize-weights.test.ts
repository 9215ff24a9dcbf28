import { describe, expect, it } from 'vitest';

import { initializeWeights } from '../../../src/models/classifier/initialize-weights.js';
import * as tf from '../../../src/tensorflow/tf.js';

const layers: Record<string, () => tf.layers.Layer> = {
  convolution: () => tf.layers.conv2d({ filters: 2, kernelSize: 3 }),
  'depthwise convolution': () => tf.layers.depthwiseConv2d({ kernelSize: 3 }),
  'separable convolution': () => tf.layers.separableConv2d({ filters: 2, kernelSize: 3 }),
  'transposed convolution': () => tf.layers.conv2dTranspose({ filters: 2, kernelSize: 3 }),
};

/** The kernels of a network of one layer. */
function kernels(make: () => tf.layers.Layer, seed: number): number[][] {
  return tf.tidy(() => {
    const images = tf.input({ shape: [8, 8, 3] });
    const model = tf.model({ inputs: images, outputs: make().apply(images) as tf.SymbolicTensor });
    // The layers' names count too, and TF.js numbers them.
    model.layers.forEach((layer, i) => (layer.name = `layer${i}`));
    initializeWeights(model, seed);
    const values = model.getWeights().map((weight) => [...weight.dataSync()]);
    model.dispose();
    return values.filter((each) => each.some((value) => value !== 0));
  });
}

describe('initializeWeights', () => {
  it.each(Object.entries(layers))('draws all kernels of a %s by the seed', (_name, make) => {
    expect(kernels(make, 1)).toEqual(kernels(make, 1));
    expect(kernels(make, 1)).not.toEqual(kernels(make, 2));
  });
});
