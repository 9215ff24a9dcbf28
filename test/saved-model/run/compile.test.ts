import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest';

import { compile, type Compiled, CompiledFunctions } from '../../../src/saved-model/run/compile.js';
import { lookUpLabel } from '../../../src/ops/labels.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { asset } from '../../../src/tracing/asset.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../../src/tracing/tf-function.js';

const vectors = { inputSignature: { x: tensorSpec('float32', [null, 3]) } };

async function compiledForTest<F extends Parameters<typeof compile>[0]>(fn: F): Promise<Compiled<F>> {
  const compiled = await compile(fn);
  onTestFinished(() => compiled.dispose());
  return compiled;
}

describe('compile', () => {
  it('gives a function that takes and gives what the tf function does', async () => {
    const sum = tfFunction((x: tf.Tensor, y: tf.Tensor) => tf.add(x, y), {
      inputSignature: { x: tensorSpec('float32', ['n']), y: tensorSpec('float32', ['n']) },
    });
    const parts = tfFunction((x: tf.Tensor) => ({ low: tf.min(x), high: tf.max(x) }), vectors);
    const [compiledSum, compiledParts] = [await compiledForTest(sum), await compiledForTest(parts)];
    expectTypeOf(compiledSum).parameters.toEqualTypeOf<[tf.Tensor, tf.Tensor]>();
    expectTypeOf(compiledSum).returns.toEqualTypeOf<tf.Tensor>();
    expectTypeOf(compiledParts).returns.toEqualTypeOf<{ low: tf.Tensor; high: tf.Tensor }>();
    expect(compiledSum(tf.tensor1d([1, 2]), tf.tensor1d([3, 4])).arraySync()).toEqual([4, 6]);
    const { low, high } = compiledParts(tf.tensor2d([[3, 1, 2]]));
    expect([low.arraySync(), high.arraySync()]).toEqual([1, 3]);
  });

  it('takes arguments in the order of the function, whatever their names', async () => {
    const scalar = tensorSpec('float32', []);
    const difference = tfFunction((x: tf.Tensor, a: tf.Tensor) => tf.sub(x, a), {
      inputSignature: { x: scalar, a: scalar },
    });
    const compiled = await compiledForTest(difference);
    expect(compiled(tf.scalar(5), tf.scalar(3)).arraySync()).toBe(2);
  });

  it('leaves nothing behind but its results', async () => {
    const twice = await compiledForTest(tfFunction((x: tf.Tensor) => tf.mul(x, 2), vectors));
    const x = tf.ones([1, 3]);
    const { numTensors } = tf.memory();
    twice(x).dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it('uses the variables as they are, and assigns what the function assigns', async () => {
    const scale = tf.variable(tf.scalar(2));
    const calls = tf.variable(tf.scalar(0));
    const scaled = await compiledForTest(
      tfFunction((x: tf.Tensor) => {
        calls.assign(tf.add(calls, 1));
        return tf.mul(x, scale);
      }, vectors),
    );
    const x = tf.tensor2d([[1, 2, 3]]);
    expect(scaled(x).arraySync()).toEqual([[2, 4, 6]]);
    scale.assign(tf.scalar(10));
    expect(scaled(x).arraySync()).toEqual([[10, 20, 30]]);
    expect(calls.arraySync()).toBe(2);
  });

  it('makes constants of variables that nothing assigns, and keeps others', async () => {
    const scale = tf.variable(tf.scalar(2));
    const calls = tf.variable(tf.scalar(0));
    const scaled = tfFunction((x: tf.Tensor) => ({ y: tf.mul(x, scale) }), vectors);
    const counted = tfFunction((x: tf.Tensor) => {
      calls.assign(tf.add(calls, 1));
      return { y: tf.mul(tf.mul(x, scale), calls) };
    }, vectors);
    const x = tf.tensor2d([[1, 2, 3]]);
    const compileAll = async (fn: typeof scaled) => {
      const compiled = await CompiledFunctions.compile(
        { fn: fn.getConcreteFunction() },
        { areVariablesConstant: true },
      );
      onTestFinished(() => compiled.dispose());
      return compiled;
    };
    const [constant, varying] = [await compileAll(scaled), await compileAll(counted)];
    scale.assign(tf.scalar(10));
    for (const each of [constant, varying]) each.writeVariables();
    expect(constant.call('fn', [x]).y?.arraySync()).toEqual([[2, 4, 6]]);
    expect([varying.call('fn', [x]), varying.call('fn', [x])].map(({ y }) => y?.arraySync())).toEqual([[[10, 20, 30]], [[20, 40, 60]]]); // prettier-ignore
  });

  it('reads assets', async () => {
    const words = asset({ name: 'words.txt', content: 'one\nten\n' });
    const pick = await compiledForTest(tfFunction((x: tf.Tensor) => lookUpLabel(tf.argMax(x, -1), words), vectors));
    expect(pick(tf.tensor2d([[1, 5, 2]])).dataSync<'string'>()).toEqual(['ten']);
  });

  it('says what it takes', async () => {
    const named = await compiledForTest(tfFunction((x: tf.Tensor) => tf.neg(x), { ...vectors, name: 'my negation' }));
    const call = named as (...args: unknown[]) => unknown;
    expect(() => call()).toThrowErrorMatchingInlineSnapshot(
      `[SignetError: "my negation" takes x: float32[?, 3]. Received: nothing.]`,
    );
    expect(() => call(3)).toThrowErrorMatchingInlineSnapshot(
      `[SignetError: "my negation" takes x: float32[?, 3]. Received: number; make a tensor of it first, with tf.tensor.]`,
    );
    expect(() => call(tf.ones([3]))).toThrowErrorMatchingInlineSnapshot(
      `[SignetError: Argument "x" accepts float32[?, 3]. Received: float32[3].]`,
    );
    expect(() => call(tf.ones([1, 3]), tf.ones([1]))).toThrowErrorMatchingInlineSnapshot(
      `[SignetError: "my negation" takes 1 argument: x. Received: 2.]`,
    );
    await expect(compile(tfFunction((x: tf.Tensor) => x))).rejects.toThrow('it has no inputSignature');
    const given = await compile(
      tfFunction((x: tf.Tensor) => tf.neg(x)),
      vectors,
    );
    expect(given(tf.ones([1, 3])).arraySync()).toEqual([[-1, -1, -1]]);
    given.dispose();
  });
});
