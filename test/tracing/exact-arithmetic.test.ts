import { expect, it } from 'vitest';

import { cond } from '../../src/ops/cond.js';
import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import * as tf from '../../src/tensorflow/tf.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';

const whole = tf.range(0, 1500).reshape([500, 3]);
const odd = tf.tensor2d([0, -0, 1e-10, 100, -100, 150, Infinity, -Infinity, NaN, 1, -1, 0.5, 3e38, -3, -2], [5, 3]);

/** What TensorFlow's optimizer computes in another way than it is written, so that a class, a whole number or a NaN is another. */
const programs: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  'places in equal values: relu': (x) => tf.argMax(tf.relu(x), 1),
  'places in equal values: sigmoid': (x) => tf.argMax(tf.sigmoid(x), 1),
  'places in equal values: least of rounded': (x) => tf.argMin(tf.ceil(tf.div(x, 50)), 1),
  'places in equal values: sign of integers': (x) => tf.argMax(tf.sign(tf.cast(x, 'int32')), 1),
  'NaN of negative numbers: largest root': (x) => tf.max(tf.sqrt(x), 1),
  'NaN of negative numbers: least logarithm': (x) => tf.min(tf.log(x), 1),
  'NaN that is not greater': (x) => tf.cast(tf.logicalNot(tf.greater(x, 0)), 'float32'),
  'quotient of a constant': (x) => tf.floor(tf.div(x, 41)),
  'quotient of constants for columns': (x) => tf.floor(tf.div(x, [41, 47, 55])),
  'levels of gray': (x) => tf.round(tf.mul(tf.div(x, 255), 5)),
  'there and back': (x) => tf.floor(tf.mul(tf.div(x, 41), 41)),
  'two factors': (x) => tf.ceil(tf.mul(tf.mul(x, 0.1), 10)),
  'two terms': (x) => tf.floor(tf.sub(tf.add(x, 0.1), 0.1)),
  'standardized': (x) => tf.cast(tf.div(tf.sub(x, 3), 0.3), 'int32'),
  'a root as divisor': (x) => tf.floor(tf.div(x, tf.sqrt(x))),
  'a comparison': (x) => tf.cast(tf.greaterEqual(tf.div(x, 41), 7), 'int32'),
  'a common factor': (x) => tf.floor(tf.add(tf.mul(x, 0.7), tf.mul(x, 0.3))),
  'far from the step': (x) => tf.floor(tf.concat([tf.reshape(tf.div(x, 41), [-1]), tf.ones([2])], 0)),
  'in a branch': (x) => cond(tf.greater(tf.sum(tf.cast(tf.isFinite(x), 'int32')), 0), () => tf.floor(tf.div(x, 41)), () => tf.mul(x, 1)),
  'a constant too large': (x) => tf.mul(tf.mul(tf.mul(x, 1e30), 1e30), 1e-30),
  'a constant that rounds': (x) => tf.sub(tf.add(x, 1e8), 1e8),
}; // prettier-ignore

it.each(Object.entries(programs))('%s', async (_, fn) => {
  const inputSignature = { x: tensorSpec('float32', [null, 3]) };
  const graphs = await CompiledFunctions.compile({ f: tfFunction(fn, { inputSignature }).getConcreteFunction() });
  for (const x of [whole, odd]) {
    const [eager, traced] = [fn(x), graphs.call('f', [x]).output_0];
    expect([traced?.dtype, traced?.shape]).toEqual([eager.dtype, eager.shape]);
    expect(Array.from(traced?.dataSync() ?? [])).toEqual(Array.from(eager.dataSync()));
  }
  graphs.dispose();
});
