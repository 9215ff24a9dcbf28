import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { cond } from '../../src/ops/cond.js';
import { mapFn } from '../../src/ops/map-fn.js';
import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import * as tf from '../../src/tensorflow/tf.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';

type Images = tf.Tensor4D;

const images = { inputSignature: { x: tensorSpec('float32', [null, null, null, 2]) } };
const maxPool = (x: tf.Tensor) => tf.maxPool(x as Images, 4, 2, 'valid');

/** Without the assertions these end the process at the sizes below, or give what nobody wrote. */
const functions = {
  maxPool: tfFunction(maxPool, images),
  conv2d: tfFunction((x: tf.Tensor) => tf.conv2d(x as Images, tf.ones([4, 4, 2, 3]), 1, 'valid'), images),
  inCond: tfFunction((x: tf.Tensor) => cond(tf.greater(tf.sum(x), 0), () => maxPool(x), () => tf.neg(maxPool(x))), images), // prettier-ignore
  inMapFn: tfFunction((x: tf.Tensor) => mapFn(maxPool, x), images),
  gradient: tfFunction((x: tf.Tensor) => tf.grad((y: tf.Tensor) => tf.sum(tf.maxPool(y as Images, 2, 2, 'same')))(x), {
    inputSignature: { x: tensorSpec('float32', [null, 4, 4, 2]) },
  }),
  transposed: tfFunction(
    (x: tf.Tensor) => tf.conv2dTranspose(x as Images, tf.ones([3, 3, 2, 2]), [x.shape[0], (x.shape[1] ?? 0) * 2 - 1, (x.shape[2] ?? 0) * 2, 2], 2, 'same'),
    images,
  ), // prettier-ignore
};

describe('what would end the process', () => {
  let graphs: CompiledFunctions;

  beforeAll(async () => {
    const concrete = Object.entries(functions).map(([name, fn]) => [name, fn.getConcreteFunction()] as const);
    graphs = await CompiledFunctions.compile(Object.fromEntries(concrete));
  });

  afterAll(() => graphs.dispose());

  it.each([
    ['maxPool', [1, 2, 2, 2], 'MaxPool with the padding'],
    ['maxPool', [1, 9, 3, 2], 'MaxPool with the padding'],
    ['conv2d', [1, 3, 9, 2], 'Conv2D with the padding'],
    ['inCond', [1, 2, 2, 2], 'MaxPool with the padding'],
    ['inMapFn', [3, 2, 2, 2], 'MaxPool with the padding'],
    ['gradient', [0, 4, 4, 2], 'A max pool of nothing'],
    ['transposed', [1, 0, 3, 2], 'A transposed convolution has sizes of 0 and more'],
  ])('%s of %j is an error', (name, shape, message) => {
    expect(() => graphs.call(name, [tf.ones(shape)])).toThrow(message);
  });

  it.each([
    ['maxPool', [2, 4, 9, 2]],
    ['conv2d', [2, 4, 9, 2]],
    ['inCond', [2, 5, 4, 2]],
    ['inMapFn', [2, 5, 4, 2]],
    ['gradient', [1, 4, 4, 2]],
    ['transposed', [1, 1, 3, 2]],
  ])('%s of %j is what it is eagerly', (name, shape) => {
    const x = tf.randomUniform(shape);
    const [eager, graph] = [functions[name as 'maxPool'](x), graphs.call(name, [x]).output_0];
    expect(graph?.shape).toEqual(eager.shape);
    expect(graph && tf.max(tf.abs(tf.sub(graph, eager))).dataSync()[0]).toBeLessThan(1e-5);
  });
});

it('sizes that are known need no assertion', () => {
  const inputSignature = { x: tensorSpec('float32', [null, 8, 8, 2]) };
  const { definition } = tfFunction(maxPool, { inputSignature }).getConcreteFunction();
  expect(definition.nodeDef.map(({ op }) => op)).toEqual(['MaxPool']);
});
