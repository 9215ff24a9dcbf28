import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import { writeSavedModel } from '../../src/saved-model/write/write-saved-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const kernel = tf.randomUniform<tf.Rank.R4>([3, 3, 3, 4], -1, 1, 'float32', 1);
const images = tensorSpec('float32', [null, null, null, 3]);

/** Functions of a batch of images whose constants depend on the sizes. */
const functions: Record<string, (x: tf.Tensor4D) => tf.Tensor> = {
  'a mean over all sizes': (x) => tf.mean(x),
  'a mean over height and width': (x) => tf.mean(x, [1, 2]),
  'a reshape with one unknown size': (x) => tf.reshape(x, [-1, 3]),
  'a reshape to products of sizes': (x) => tf.reshape(x, [x.shape[0] * x.shape[1], x.shape[2] * 3]),
  'a slice up to the last row': (x) => tf.slice(x, [0, 0, 0, 0], [-1, x.shape[1] - 1, -1, 2]),
  padding: (x) => tf.pad(x, [[0, 0], [1, 2], [0, 0], [0, 0]]), // prettier-ignore
  'a tile': (x) => tf.tile(x, [1, 2, 1, 1]),
  'zeros of the same sizes': (x) => tf.add(tf.zeros(x.shape), x),
  'ones with a batch': (x) => tf.ones([x.shape[0], 2]),
  'a range as long as the width': (x) => tf.add(tf.range(0, x.shape[2]), tf.mean(x)),
  'a division by the number of pixels': (x) => tf.div(tf.sum(x), x.shape[1] * x.shape[2]),
  'a concatenation': (x) => tf.concat([x, tf.reverse(x, 1)], 2),
  'a stack': (x) => tf.stack([x, tf.square(x)]),
  'a transposition': (x) => tf.transpose(x, [0, 3, 1, 2]),
  'a product of matrices': (x) => tf.matMul(tf.reshape(x, [-1, 3]), tf.ones([3, 5])),
  'a convolution with stride 2': (x) => tf.conv2d(x, kernel, 2, 'same'),
  'a convolution without padding': (x) => tf.conv2d(x, kernel, 1, 'valid'),
  'max pooling': (x) => tf.maxPool(x, 2, 2, 'valid'),
  'a resize': (x) => tf.image.resizeBilinear(x, [5, 7], false, true),
  'a softmax': (x) => tf.softmax(x),
  moments: (x) => tf.moments(x, [1, 2]).variance,
  'an arg max as one-hot': (x) => tf.cast(tf.oneHot(tf.argMax(x, -1), 3), 'float32'),
  'a broadcast': (x) => tf.mul(x, tf.mean(x, [1, 2], true)),
  'the gradient of a mean of a convolution': (x) =>
    tf.grad((y) => tf.mean(tf.conv2d(y as tf.Tensor4D, kernel, 1, 'same')))(x),
  'the gradient of pooling': (x) => tf.grad((y) => tf.sum(tf.maxPool(y as tf.Tensor4D, 2, 2, 'same')))(x),
};

describe.each(Object.entries(functions))('%s', (_, fn) => {
  it('is the same eager, compiled and reloaded, at sizes that were not traced', async () => {
    const traced = tfFunction((x: tf.Tensor) => fn(x as tf.Tensor4D), { inputSignature: { x: images } });
    const graph = traced.getConcreteFunction();
    const directory = path.join(await temporaryFolder(), '1');
    await writeSavedModel(directory, { functions: { f: graph }, signatures: { serving_default: 'f' } });
    const compiled = await CompiledFunctions.compile({ f: graph });
    const reloaded = await LoadedSavedModel.load(directory);
    for (const shape of [
      [1, 8, 6, 3],
      [4, 11, 12, 3],
    ]) {
      // prettier-ignore
      const x = tf.randomUniform<tf.Rank.R4>(shape as [number, number, number, number], 0, 1, 'float32', 7);
      const eager = fn(x);
      expectSame(compiled.call('f', [x]).output_0, eager);
      expectSame(reloaded.call('serving_default', { x }).output_0, eager);
    }
    compiled.dispose();
    reloaded.dispose();
  });
});

function expectSame(actual: tf.Tensor | undefined, expected: tf.Tensor): void {
  expect(actual?.shape).toEqual(expected.shape);
  const values = actual?.dataSync() ?? [];
  expected.dataSync().forEach((value, i) => expect(Math.abs(value - (values[i] ?? NaN))).toBeLessThan(1e-5));
}
