import { describe, expect, it } from 'vitest';

import { cond } from '../../src/ops/cond.js';
import { mapFn } from '../../src/ops/map-fn.js';
import { randomUniform } from '../../src/ops/random.js';
import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import * as tf from '../../src/tensorflow/tf.js';
import { type InputSignature, tfFunction } from '../../src/tracing/tf-function.js';
import { TakesTooLong } from '../../src/tracing/run-budget.js';
import { runGraph } from '../../src/tracing/run-graph.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import type { TfFunctionResult } from '../../src/tracing/trace.js';

const images = { x: tensorSpec('float32', [null, null, null, 2]) };
const picture = { x: tensorSpec('float32', [null, null, 2]) };
const rows = { x: tensorSpec('float32', [null, 2]) };
const matrix = { x: tensorSpec('float32', [null, null]) };

/** Each takes a tensor of the rank of its signature. */
type Program = (x: never) => TfFunctionResult;
type Case = [name: string, signature: InputSignature, fn: Program];

const graphOf = (fn: Program, inputSignature: InputSignature) =>
  tfFunction(fn as unknown as (x: tf.Tensor) => TfFunctionResult, { inputSignature, name: 'f' }).getConcreteFunction();
const lack = (size: number, by: number) => (by - (size % by)) % by;

describe('sizes that JavaScript computes are formulas of the graph', () => {
  const cases: Case[] = [
    ['padded to a multiple of 24', images, (x: tf.Tensor4D) => tf.pad(x, [[0, 0], [0, lack(x.shape[1], 24)], [0, lack(x.shape[2], 24)], [0, 0]])],
    ['cut to a multiple of 16', images, (x: tf.Tensor4D) => tf.slice(x, [0, 0, 0, 0], [-1, Math.floor(x.shape[1] / 16) * 16, x.shape[2], -1])],
    ['the last three rows', rows, (x: tf.Tensor2D) => tf.slice(x, [Math.max(0, x.shape[0] - 3), 0], [-1, -1])],
    ['at most 50 columns', matrix, (x: tf.Tensor2D) => tf.slice(x, [0, 0], [-1, Math.min(50, x.shape[1])])],
    ['resized to the longer side', picture, (x: tf.Tensor3D) => { const side = Math.max(x.shape[0], x.shape[1]); return tf.image.resizeBilinear(x, [side, side]); }],
    ['cut to the shorter side', picture, (x: tf.Tensor3D) => { const side = Math.min(x.shape[0], x.shape[1]); return tf.slice(x, [0, 0, 0], [side, side, -1]); }],
    ['its first two thirds', rows, (x: tf.Tensor2D) => tf.slice(x, [0, 0], [Math.ceil((x.shape[0] * 2) / 3), -1])],
  ]; // prettier-ignore

  it.each(cases)('%s', async (_, signature, fn) => {
    const graphs = await CompiledFunctions.compile({ f: graphOf(fn, signature) });
    const rank = signature.x?.shape?.length ?? 0;
    const sizes = [[5, 17, 20], [1, 16, 64], [3, 48, 48], [2, 100, 31], [61, 60, 59]]; // prettier-ignore
    // The last dimension of a matrix is unknown, that of everything else is 2.
    const tried = sizes.map((all) => (signature === matrix ? all.slice(0, 2) : [...all.slice(0, rank - 1), 2]));
    for (const shape of tried) {
      const x = tf.randomUniform(shape);
      const [eager, graph] = [fn(x as never) as tf.Tensor, graphs.call('f', [x]).output_0];
      expect([shape, graph?.shape]).toEqual([shape, eager.shape]);
      expect(graph?.dataSync()).toEqual(eager.dataSync());
    }
    graphs.dispose();
  });
});

describe('a decision that only some sizes show is refused', () => {
  it.each<Case>([
    ['at a size of 1', rows, (x: tf.Tensor2D) => (x.shape[0] === 1 ? tf.exp(x) : x)],
    ['at equal sizes', picture, (x: tf.Tensor3D) => (x.shape[0] === x.shape[1] ? tf.exp(x) : x)],
    ['at equal sizes beyond a limit', picture, (x: tf.Tensor3D) => (x.shape[0] === x.shape[1] ? tf.slice(x, 0, Math.min(x.shape[0], 60)) : x)],
    ['above 200 pixels', images, (x: tf.Tensor4D) => (Math.max(x.shape[1], x.shape[2]) > 200 ? tf.image.resizeBilinear(x, [64, 64]) : x)],
    ['at multiples of 32', images, (x: tf.Tensor4D) => (x.shape[1] % 32 === 0 ? tf.sqrt(x) : tf.neg(x))],
    ['above 1,000 rows', rows, (x: tf.Tensor2D) => (x.shape[0] > 1000 ? tf.abs(x) : x)],
    ['in a branch', rows, (x: tf.Tensor2D) => cond(tf.all(tf.greater(x, 0)), () => (x.shape[0] > 60 ? tf.abs(x) : tf.neg(x)), () => x)],
    ['of random numbers, above 250 rows', rows, (x: tf.Tensor2D) => tf.add(x, tf.mul(randomUniform([x.shape[0], 2], 0, 1, 5), x.shape[0] > 250 ? 3 : 2))],
    ['of axes that are 1', matrix, (x: tf.Tensor2D) => tf.squeeze(x)],
  ])('%s', (_, signature, fn) => {
    expect(() => graphOf(fn, signature)).toThrow(/Cannot trace "f"/);
  }); // prettier-ignore

  it('says at which size, what came out and why', () => {
    const fn: Program = (x: tf.Tensor2D) => (x.shape[0] === 1 ? tf.fill([1, 2], 7) : tf.mul(x, 0));
    expect(() => graphOf(fn, rows)).toThrow(
      /Tried with x \[1, 2\], result "output_0": of float32\[1, 2\], the function gives 7 at position 0, the graph -?0\. The likely cause: f takes another path/,
    );
  });
});

describe('what grows faster than its arguments', () => {
  const repeated = (x: tf.Tensor) => Array.from({ length: 20 }).reduce<tf.Tensor>((y) => tf.neg(y), tf.transpose(x));

  it('is checked at thin pictures where wide ones cost too much', () => {
    const graph = graphOf((x: tf.Tensor4D) => {
      const sums = mapFn((row) => tf.add(tf.sum(repeated(x)), tf.sum(row)), x);
      const [, height, width] = x.shape;
      return { sums, resized: tf.image.resizeNearestNeighbor(x, [Math.max(height, 96), width]) };
    }, images);
    expect(graph.unchecked).toContainEqual(expect.stringMatching(/^\[\d+, 448, 321, 2\]$/));
    expect(runGraph(graph, [tf.ones([1, 130, 3, 2])]).outputs.map(({ shape }) => shape)).toContainEqual([1, 130, 3, 2]);
  });

  it('takes no more memory to check than it may', () => {
    const cube = graphOf((x: tf.Tensor1D) => {
      const square = tf.mul(tf.expandDims(x, 1), x);
      return tf.sum(tf.mul(tf.expandDims(square, 2), x));
    }, { x: tensorSpec('float32', [null]) });
    expect(cube.unchecked).toEqual([expect.stringMatching(/^the values at \d of \d+ further shapes$/)]);
    expect(() => runGraph(cube, [tf.ones([5000])])).toThrow(TakesTooLong);
  }); // prettier-ignore

  it.each<[string, (x: tf.Tensor2D) => tf.Tensor]>([
    ['by a body', (x) => mapFn(() => tf.matMul(x, x, false, true), x)],
    ['by broadcasting', (x) => tf.mul(tf.expandDims(x.shape[0], 0).mul(tf.matMul(x, x, false, true)), tf.reshape(tf.mean(x, 1), [-1, 1, 1]))],
  ])('nor for what is computed and not used, %s', (_, unused) => {
    let most = 0;
    const graph = graphOf((x: tf.Tensor2D) => {
      const { size } = unused(x);
      most = Math.max(most, size);
      return tf.neg(x);
    }, matrix);
    // What is left out of the graph, 1,344 rows would have 2.4 billion of.
    expect(most).toBeLessThan(448 ** 3 + 1);
    expect(graph.unchecked).toEqual([expect.stringMatching(/further shapes$/)]);
  }); // prettier-ignore
});

it('a result has a known size only where it always has that size', () => {
  expect(String(graphOf((x: tf.Tensor4D) => tf.maxPool(x, 7, 7, 'same'), images))).toContain('float32[?, ?, ?, 2]');
  expect(String(graphOf((x: tf.Tensor2D) => tf.stridedSlice(x, [0, 0], [4, 4], [1, 1]), matrix))).toContain(
    'output_0: float32[?, ?]',
  );
});

it('a function that does not take every sample is traced with the others', () => {
  expect(String(graphOf((x: tf.Tensor3D) => tf.maxPool(x, 3, 1, 'valid'), picture))).toContain('float32[?, ?, 2]');
});
