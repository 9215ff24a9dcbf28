import { expect, it } from 'vitest';

import { randomUniform } from '../../src/ops/random.js';
import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import * as tf from '../../src/tensorflow/tf.js';
import { runGraph } from '../../src/tracing/run-graph.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';

const matrix = { x: tensorSpec('float32', [null, null]) };
const double = tfFunction((x: tf.Tensor) => tf.add(x, x), { inputSignature: matrix });
const larger = tfFunction((x: tf.Tensor, y: tf.Tensor) => tf.maximum(x, y), {
  inputSignature: { ...matrix, y: matrix.x },
});

const sizeOf = (x: tf.Tensor, axis: number) => x.shape[axis] ?? 0;

/** What random programs had wrong, each the smallest that did. */
const programs: [string, (x: tf.Tensor) => tf.Tensor][] = [
  // TensorFlow's optimizer takes these for a leaky ReLU.
  ['the larger of a tensor and its double', (x: tf.Tensor) => tf.maximum(tf.mul(x, 2), x)],
  ['the same in functions', (x) => larger(double(x), x)],
  ['a remainder of negative integers', (x: tf.Tensor) => tf.mod(tf.cast(tf.mul(x, 5), 'int32'), tf.scalar(3, 'int32'))],
  ['a slice from a part that is 0 for most sizes', (x: tf.Tensor) => tf.slice(x, [0, Math.floor(sizeOf(x, 1) / 224)])],
  ['at least 100 rows', (x: tf.Tensor) => tf.pad(x, [[0, Math.max(sizeOf(x, 0), 100) - sizeOf(x, 0)], [0, 0]])],
  ['three quarters of the columns', (x) => tf.slice(x, [0, Math.ceil(sizeOf(x, 1) / 4)])],
  ['as many rows as a multiple of 64', (x: tf.Tensor) => tf.add(x, Math.ceil(sizeOf(x, 0) / 64) * 64)],
]; // prettier-ignore

it.each(programs)('%s', async (_, fn) => {
  const graph = tfFunction(fn, { inputSignature: matrix }).getConcreteFunction();
  const graphs = await CompiledFunctions.compile({ f: graph });
  for (const shape of [
    [1, 1],
    [7, 224],
    [2, 447],
    [130, 5],
  ]) {
    // prettier-ignore
    const x = tf.randomUniform(shape, -1, 1, 'float32', 5);
    const [eager, traced] = [fn(x), graphs.call('f', [x]).output_0];
    expect([traced?.dtype, traced?.shape]).toEqual([eager.dtype, eager.shape]);
    expect(traced?.dataSync()).toEqual(eager.dataSync());
  }
  graphs.dispose();
});

it('a limit of the width is not taken for one of the height, where both were 1 together', () => {
  const fn = (x: tf.Tensor) => tf.pad(x, [[0, 0], [0, 0], [0, Math.max(sizeOf(x, 2), 2) - sizeOf(x, 2)], [0, 0]]); // prettier-ignore
  const images = { x: tensorSpec('float32', [null, null, null, 3]) };
  const graph = tfFunction(fn, { inputSignature: images }).getConcreteFunction();
  for (const shape of [
    [2, 9, 1, 3],
    [2, 1, 9, 3],
    [1, 1, 1, 3],
  ]) {
    // prettier-ignore
    const x = tf.ones(shape);
    expect(runGraph(graph, [x]).outputs[0]?.shape).toEqual(fn(x).shape);
  }
});

it('a single whole number is compared with padding', () => {
  const fn = (x: tf.Tensor) => {
    const lacking = Math.max(sizeOf(x, 0), 3) - sizeOf(x, 0);
    return tf.pad(x, [[Math.floor(lacking / 2), Math.ceil(lacking / 2)]]);
  };
  const inputSignature = { weights: tensorSpec('float32', ['n']), x: tensorSpec('int32', ['n']) };
  const graph = tfFunction((_: tf.Tensor, x: tf.Tensor) => fn(x), { inputSignature }).getConcreteFunction();
  for (const size of [1, 2, 3, 4, 90]) {
    const x = tf.range(1, size + 1, 1, 'int32');
    expect(runGraph(graph, [tf.ones([size]), x]).outputs[0]?.arraySync()).toEqual(fn(x).arraySync());
  }
});

it('a limit beyond the sizes of all samples is found', () => {
  const fn = (x: tf.Tensor) => tf.slice(x, [0], [Math.min(300, sizeOf(x, 0))]);
  const graph = tfFunction(fn, { inputSignature: { x: tensorSpec('float32', [null]) } }).getConcreteFunction();
  const sizes = [1, 299, 300, 301, 5000].map((size) => runGraph(graph, [tf.ones([size])]).outputs[0]?.shape);
  expect(sizes).toEqual([[1], [299], [300], [300], [300]]);
});

it.each<[string, (x: tf.Tensor) => tf.Tensor]>([
  ['at multiples of 100', (x) => (sizeOf(x, 0) % 100 === 0 ? x : tf.neg(x))],
  ['at multiples of 224', (x) => (sizeOf(x, 1) % 224 === 0 ? x : tf.neg(x))],
  ['in the fourth 64', (x) => tf.mul(x, Math.floor(sizeOf(x, 0) / 64) === 3 ? 2 : 1)],
])('a decision %s is seen', (_, fn) => {
  expect(() => tfFunction(fn, { inputSignature: matrix }).getConcreteFunction()).toThrow('Cannot trace');
});

it('a function that is called reads a variable before it is assigned', async () => {
  const bias = tf.variable(tf.scalar(0.75));
  const biased = tfFunction((x: tf.Tensor) => tf.add(x, bias), { inputSignature: matrix });
  const step = tfFunction(
    (x: tf.Tensor) => {
      const before = biased(x);
      bias.assign(tf.add(bias, 1));
      return tf.square(before);
    },
    { inputSignature: matrix },
  );
  const graph = step.getConcreteFunction();
  // TensorFlow would run the call and the assignment in any order.
  expect(graph.functions).toEqual([]);
  const graphs = await CompiledFunctions.compile({ step: graph });
  const x = tf.ones([6, 4]);
  expect(graphs.call('step', [x]).output_0?.dataSync()[0]).toBeCloseTo(1.75 ** 2);
  expect(graphs.call('step', [x]).output_0?.dataSync()[0]).toBeCloseTo(2.75 ** 2);
  graphs.dispose();
});

it('of random numbers, shapes are compared', () => {
  const fn = (x: tf.Tensor) => tf.add(randomUniform([sizeOf(x, 0) === 1 ? 1 : 2 * sizeOf(x, 0)]), tf.mean(x));
  const trace = () => tfFunction(fn, { inputSignature: matrix }).getConcreteFunction();
  expect(trace).toThrow('Tried with x [1, 1], result "output_0": the function gives float32[1], the graph float32[2]');
});

it('a gradient that fails at a size leaves nothing in memory', () => {
  const kernel = tf.ones<tf.Rank.R4>([3, 3, 3, 2]);
  const images = { x: tensorSpec('float32', [null, null, null, 3]) };
  const fn = (x: tf.Tensor) => tf.grad((y) => tf.sum(tf.sin(tf.conv2d(y as tf.Tensor4D, kernel, 1, 'valid'))))(x);
  const before = tf.memory().numTensors;
  tfFunction(fn, { inputSignature: images }).getConcreteFunction();
  expect(tf.memory().numTensors).toBe(before);
});

it('pads pictures on both sides to a least width, of which two columns lack one', () => {
  const fn = (x: tf.Tensor) => {
    const lacking = Math.max(sizeOf(x, 2), 3) - sizeOf(x, 2);
    const before = Math.floor(lacking / 2);
    return tf.pad(x, [[0, 0], [0, 0], [before, lacking - before], [0, 0]]); // prettier-ignore
  };
  const images = { x: tensorSpec('float32', [null, null, null, 1]) };
  const graph = tfFunction(fn, { inputSignature: images }).getConcreteFunction();
  for (const width of [1, 2, 3, 9]) {
    const x = tf.ones([1, 7, width, 1]);
    expect(runGraph(graph, [x]).outputs[0]?.shape).toEqual(fn(x).shape);
  }
});

it.each([0, 1])(
  'a long function is checked at a multiple of what its size %d is compared with, before all else',
  (axis) => {
    const fn = (x: tf.Tensor) => {
      const long = Array.from({ length: 60 }).reduce<tf.Tensor>((y) => tf.neg(y), x);
      return sizeOf(x, axis) % 96 === 0 ? tf.abs(long) : long;
    };
    const trace = () => tfFunction(fn, { inputSignature: matrix }).getConcreteFunction();
    expect(trace).toThrow('Cannot trace "fn"');
  },
);

it('a limit of the height is seen where width costs too much', () => {
  const fn = (x: tf.Tensor) => {
    const rows = tf.max(x, 0);
    const beyond = Math.max(sizeOf(x, 1) - 96, 3);
    return { products: tf.matMul(rows, rows, false, true), ones: tf.add(tf.fill([beyond, 2], 1), tf.mean(x)) };
  };
  const images = { x: tensorSpec('float32', [null, null, null, 3]) };
  const trace = () => tfFunction(fn, { inputSignature: images }).getConcreteFunction();
  expect(trace).toThrow(
    'Tried with x [1, 1344, 4, 3], result "ones": the function gives float32[1248, 2], the graph float32[3, 2]',
  );
});

it('a single picture is tried at any height', () => {
  const fn = (x: tf.Tensor) => (sizeOf(x, 1) % 320 === 0 ? tf.sin(x) : tf.cos(x));
  const picture = { x: tensorSpec('float32', [1, null, null, 3]) };
  const trace = () => tfFunction(fn, { inputSignature: picture }).getConcreteFunction();
  expect(trace).toThrow('Tried with x [1, 960, 3, 3]');
});

it('a small difference is seen beside large numbers', () => {
  const fn = (x: tf.Tensor, y: tf.Tensor) => {
    const rows = sizeOf(x, 0);
    return tf.add(tf.range(0, rows), tf.mean(rows % 20 === 0 ? x : y));
  };
  const both = { x: tensorSpec('float32', ['rows', 2]), y: tensorSpec('float32', ['rows', 3]) };
  const trace = () => tfFunction(fn, { inputSignature: both }).getConcreteFunction();
  expect(trace).toThrow('Cannot trace "fn"');
});
