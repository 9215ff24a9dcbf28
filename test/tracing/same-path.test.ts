import { describe, expect, it } from 'vitest';

import { cond } from '../../src/ops/cond.js';
import { mapFn } from '../../src/ops/map-fn.js';
import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import * as tf from '../../src/tensorflow/tf.js';
import { type InputSignature, tfFunction } from '../../src/tracing/tf-function.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import type { TfFunctionResult } from '../../src/tracing/trace.js';

const rows = { x: tensorSpec('float32', [null, 2]) };
const graphOf = (fn: (...args: tf.Tensor[]) => TfFunctionResult, inputSignature: InputSignature) =>
  tfFunction(fn, { inputSignature, name: 'f' }).getConcreteFunction();

/** What the graph of a function gives. */
async function compiled(
  fn: (...args: tf.Tensor[]) => TfFunctionResult,
  inputSignature: InputSignature,
  args: tf.Tensor[],
): Promise<tf.Tensor | undefined> {
  const graphs = await CompiledFunctions.compile({ f: graphOf(fn, inputSignature) });
  const { output_0: output } = graphs.call('f', args);
  graphs.dispose();
  return output;
}

describe('a function that takes another path at another size is refused', () => {
  const [a, b] = [tf.variable(tf.tensor1d([1, 2])), tf.variable(tf.tensor1d([3, 4]))];
  const isEven = (x: tf.Tensor) => x.shape[0] % 2 === 0;

  it.each<[string, string, (x: tf.Tensor) => TfFunctionResult]>([
    ['operands', 'input 0 of Sub is one tensor', (x) => {
      const [min, max] = [tf.min(x, 0), tf.max(x, 0)];
      return isEven(x) ? tf.sub(max, min) : tf.sub(min, max);
    }],
    ['results', 'the result "output_0" is one tensor', (x) => {
      const root = tf.sqrt(x);
      return isEven(x) ? root : x;
    }],
    ['names of results', 'it returns { even } for one size and { odd } for another', (x) => ({
      [isEven(x) ? 'even' : 'odd']: tf.exp(x),
    })],
    ['variables', 'uses the variable', (x) => tf.mul(x, isEven(x) ? a : b)],
    ['assignments', 'it assigns the variable', (x) => {
      const mean = tf.mean(x, 0);
      (isEven(x) ? a : b).assign(mean as tf.Tensor1D);
      return mean;
    }],
    ['tensors in a branch', 'in the then_branch, input 1 of Mul', (x) => {
      const small = tf.all(tf.less(x, 1));
      return cond(small, () => { const [u, v] = [tf.neg(x), tf.abs(x)]; return tf.mul(x, isEven(x) ? u : v); }, () => x);
    }],
    ['captured tensors', 'the f takes other tensors from outside', (x) => {
      const [u, v] = [tf.mean(x), tf.max(x)];
      return mapFn((row) => tf.sub(row, isEven(x) ? u : v), x);
    }],
  ])('%s', (_, message, fn) => {
    expect(() => graphOf(fn, rows)).toThrow(message);
  }); // prettier-ignore
});

describe('tensors that share storage', () => {
  it('two variables, one of which is assigned', async () => {
    const ones = tf.ones([2]);
    const [fast, slow] = [tf.variable(ones), tf.variable(ones)];
    const step = (x: tf.Tensor) => {
      fast.assign(tf.add(fast, tf.sum(x, 0)));
      return tf.concat([fast, slow]);
    };
    expect((await compiled(step, rows, [tf.ones([3, 2])]))?.arraySync()).toEqual([4, 4, 1, 1]);
    expect(fast.arraySync()).toEqual([1, 1]);
  });

  it('a variable and the constant that it began as', async () => {
    const start = tf.tensor1d([5, 7]);
    const moving = tf.variable(start);
    const moved = (x: tf.Tensor) => {
      moving.assign(tf.mul(moving, tf.max(x)));
      return tf.sub(moving, start);
    };
    expect((await compiled(moved, rows, [tf.fill([1, 2], 3)]))?.arraySync()).toEqual([10, 14]);
  });

  it('a variable that each call sets to another one', async () => {
    const [online, target] = [tf.variable(tf.tensor1d([1, 1])), tf.variable(tf.tensor1d([9, 9]))];
    const copy = (x: tf.Tensor) => {
      const before = tf.add(target, 0);
      target.assign(online);
      online.assign(tf.add(online, tf.sum(x, 0)));
      return tf.concat([before, target, online]);
    };
    expect((await compiled(copy, rows, [tf.ones([2, 2])]))?.arraySync()).toEqual([9, 9, 1, 1, 3, 3]);
  });
});

describe('pixels', () => {
  const pixels = { x: tensorSpec('uint8', [null, 2]) };
  const x = tf.tensor2d([[0, 250], [3, 0]], [2, 2], 'int32'); // prettier-ignore

  it.each<[string, (x: tf.Tensor) => tf.Tensor]>([
    ['as float32, with one dimension more', (image) => tf.expandDims(tf.cast(image, 'float32'), 2)],
    ['as a mask', (image) => tf.cast(tf.cast(image, 'bool'), 'float32')],
    ['as a mask with one dimension more', (image) => tf.expandDims(tf.cast(image, 'bool'), 0)],
    ['scaled after a dimension more', (image) => tf.div(tf.expandDims(tf.cast(image, 'float32'), 0), 255)],
    ['resized as a mask', (image) =>
      tf.image.resizeBilinear(tf.cast(tf.cast(tf.expandDims<tf.Tensor3D>(image, 2), 'bool'), 'float32'), [4, 4])],
    ['with one dimension more', (image) => tf.expandDims(image, 0)],
  ])('%s', async (_, fn) => {
    const graph = await compiled(fn, pixels, [x]);
    const eager = fn(x);
    expect([graph?.dtype, graph?.shape]).toEqual([eager.dtype, eager.shape]);
    // Dividing by a constant, a graph multiplies by its inverse.
    if (graph) expect(tf.max(tf.abs(tf.sub(tf.cast(graph, 'float32'), tf.cast(eager, 'float32')))).arraySync()).toBeLessThan(1e-6);
  }); // prettier-ignore
});

it('a column of stripes is not an identity matrix', () => {
  const stripes = (x: tf.Tensor) => {
    const [n = 0] = x.shape;
    return tf.mul(
      x,
      tf.tensor2d(
        Array.from({ length: n * 2 }, (_, i) => (i % 3 === 0 ? 1 : 0)),
        [n, 2],
      ),
    );
  };
  expect(() => graphOf(stripes, rows)).toThrow('A constant (float32)');
});

it('a compiled function takes only what its input signature says', async () => {
  const signature = { a: tensorSpec('float32', ['batch', 2]), b: tensorSpec('float32', ['batch']) };
  const fn = (a: tf.Tensor, b: tf.Tensor) => tf.mul(a, tf.expandDims(b, 1));
  const graphs = await CompiledFunctions.compile({ f: graphOf(fn, signature) });
  const [a, b] = [tf.ones([3, 2]), tf.ones([3])];
  const call =
    (...args: tf.Tensor[]) =>
    () =>
      graphs.call('f', args);
  expect(call(a, b)().output_0?.shape).toEqual([3, 2]);
  expect(call(a)).toThrow('"f" takes b: float32[batch]. Received: nothing.');
  expect(call(tf.ones([3, 4]), b)).toThrow('Argument "a" accepts float32[batch, 2]. Received: float32[3, 4].');
  expect(call(a, tf.ones([3], 'int32'))).toThrow('Received: int32[3].');
  expect(call(a, tf.ones([1]))).toThrow(`one size for the dimension 'batch'. Received: 3 in "a" and 1 in "b".`);
  expect(call(a, b, b)).toThrow('"f" takes 2 arguments: a, b. Received: 3.');
  graphs.dispose();
});
