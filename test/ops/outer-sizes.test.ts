import { expect, it } from 'vitest';

import { cond } from '../../src/ops/cond.js';
import { mapFn } from '../../src/ops/map-fn.js';
import { whileLoop } from '../../src/ops/while-loop.js';
import * as tf from '../../src/tensorflow/tf.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';
import { expectSameByEveryRoad } from '../helpers/same-by-every-road.js';

const int = (value: number) => tf.scalar(value, 'int32');
const isPositive = (x: tf.Tensor) => tf.greater(tf.sum(x), 0);

/** Bodies that use a size of a tensor which they do not take. */
const programs: Record<string, (x: tf.Tensor2D) => tf.Tensor> = {
  'rows in a loop': (x) =>
    whileLoop(
      (i) => tf.less(i, int(x.shape[0])),
      (i, all) => [tf.add(i, int(1)), tf.add(all, tf.gather(x, i as tf.Tensor1D))],
      [int(0), tf.zeros([x.shape[1]])],
    )[1],
  'a size in mapFn': (x) => mapFn((row) => tf.mul(row, x.shape[0] * 3), x),
  'zeros in one branch': (x) => cond(isPositive(x), () => tf.neg(x), () => tf.zeros(x.shape)),
  'sizes in both branches': (x) => cond(isPositive(x), () => tf.ones([x.shape[1], 2]), () => tf.fill([x.shape[1], 2], x.shape[0])),
  'half of a size': (x) => mapFn((row) => tf.concat([row, tf.ones([Math.floor(x.shape[0] / 2)])]), x),
  'a loop in a branch': (x) =>
    cond(
      isPositive(x),
      () => whileLoop((i) => tf.less(i, x.shape[1]), (i) => [tf.add(i, int(1))], [int(0)])[0],
      () => int(-x.shape[0]),
    ),
}; // prettier-ignore

it.each(Object.entries(programs))('%s is the same by every road', async (_, program) => {
  const fn = tfFunction((x: tf.Tensor) => program(x as tf.Tensor2D), {
    inputSignature: { x: tensorSpec('float32', [null, null]) },
  });
  const calls = [[1, 1], [3, 7], [7, 3], [40, 2]].flatMap((shape) => [[tf.randomUniform(shape, 0, 1)], [tf.randomUniform(shape, -1, 0)]]); // prettier-ignore
  await expectSameByEveryRoad(fn, calls);
});

it('what no size explains is refused, in a body too', () => {
  const fn = tfFunction((x: tf.Tensor) => mapFn((row) => tf.mul(row, Math.cbrt(x.size)), x), {
    inputSignature: { x: tensorSpec('float32', [null, 3]) },
  });
  expect(() => fn.getConcreteFunction()).toThrow('no input size explains it');
});
