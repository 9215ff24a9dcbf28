import { describe, expect, it } from 'vitest';

import { cond } from '../../src/ops/cond.js';
import { mapFn } from '../../src/ops/map-fn.js';
import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import * as tf from '../../src/tensorflow/tf.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';
import type { TfFunctionResult } from '../../src/tracing/trace.js';

const vectors = { inputSignature: { x: tensorSpec('float32', [null, 3]) } };
const graphOf = (fn: (x: tf.Tensor) => TfFunctionResult) => () =>
  tfFunction(fn, { ...vectors, name: 'f' }).getConcreteFunction();

describe('tfFunction', () => {
  it('runs when it is called, and prints as a graph', () => {
    const addTwo = tfFunction((x: tf.Tensor) => tf.add(x, 2), { ...vectors, name: 'addTwo' });
    expect(Array.from(addTwo(tf.zeros([1, 3])).dataSync())).toEqual([2, 2, 2]);
    expect(String(addTwo.getConcreteFunction())).toBe('addTwo(x: float32[?, 3]) -> (output_0: float32[?, 3])');
  });

  it('is traced once for each input signature', () => {
    const fn = tfFunction((x: tf.Tensor) => tf.square(x), vectors);
    expect(fn.getConcreteFunction()).toBe(fn.getConcreteFunction({ x: tensorSpec('float32', [null, 3]) }));
    expect(fn.traceCount).toBe(1);
    expect(String(fn.getConcreteFunction({ x: tensorSpec('int32', []) }))).toContain('x: int32[]');
    expect(fn.traceCount).toBe(2);
  });

  it('is traced once for all bodies that call it, whose graphs take its ops', async () => {
    const scale = tfFunction((x: tf.Tensor) => mapFn((each) => tf.mul(each, 2), x), { ...vectors, name: 'scale' });
    const fn = graphOf((x) => cond(tf.greater(tf.sum(x), 0), () => scale(scale(x)), () => scale(x)))(); // prettier-ignore
    expect(scale.traceCount).toBe(1);
    const ops = fn.library.flatMap(({ definition }) => definition.nodeDef.map(({ op }) => op));
    expect(ops.filter((op) => op.includes('Call'))).toEqual([]);
    expect(ops.filter((op) => op === 'MapDefun')).toHaveLength(3);
    const compiled = await CompiledFunctions.compile({ fn });
    const results = [1, -1].map((value) => compiled.call('fn', [tf.fill([1, 3], value)]).output_0?.arraySync());
    expect(results).toEqual([[[4, 4, 4]], [[-2, -2, -2]]]);
    compiled.dispose();
  });

  it('runs in every body that calls it where it reads a variable', () => {
    const factor = tf.variable(tf.scalar(2));
    const scale = tfFunction((x: tf.Tensor) => tf.mul(x, factor), { ...vectors, name: 'scale' });
    const fn = graphOf((x) => cond(tf.greater(tf.sum(x), 0), () => scale(x), () => x.clone()))(); // prettier-ignore
    expect(fn.variables).toEqual([factor]);
    factor.dispose();
  });

  it('says which argument came in which form', () => {
    const fn = tfFunction((x: tf.Tensor) => tf.square(x), vectors);
    expect(() => fn(tf.zeros([2, 4]))).toThrow('Argument "x" accepts float32[?, 3]. Received: float32[2, 4].');
  });

  it('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    const compiled = await CompiledFunctions.compile({ f: graphOf((x) => tf.softmax(x))() });
    const x = tf.ones([2, 3]);
    tf.dispose([x, compiled.call('f', [x])]);
    compiled.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('gives variables their values back after tracing, and assigns them in the session', async () => {
    const counter = tf.variable(tf.scalar(5));
    const count = tfFunction(
      (by: tf.Tensor) => {
        counter.assign(tf.add(counter, by));
        return counter;
      },
      { inputSignature: { by: tensorSpec('float32', []) } },
    );
    const compiled = await CompiledFunctions.compile({ count: count.getConcreteFunction() });
    expect(counter.dataSync()[0]).toBe(5);
    const by = tf.scalar(2);
    expect([1, 2].map(() => compiled.call('count', [by]).output_0?.dataSync()[0])).toEqual([7, 9]);
    compiled.readVariables();
    expect(counter.dataSync()[0]).toBe(9);
    counter.assign(tf.scalar(1));
    compiled.writeVariables();
    expect(compiled.call('count', [by]).output_0?.dataSync()[0]).toBe(3);
    compiled.dispose();
  });

  it("takes an optimizer's steps as TF.js does, slots made on the way included", async () => {
    const weights = tf.variable(tf.tensor1d([1, -2, 3]));
    const optimizer = tf.train.adam(0.1);
    const step = (x: tf.Tensor) =>
      tf.tidy(() => {
        const { value, grads } = tf.variableGrads(() => tf.sum(tf.square(tf.mul(x, weights))).asScalar(), [weights]);
        optimizer.applyGradients(grads as unknown as Parameters<typeof optimizer.applyGradients>[0]);
        return value;
      });
    const compiled = await CompiledFunctions.compile({ step: graphOf(step)() });
    expect(Array.from(weights.dataSync())).toEqual([1, -2, 3]);
    const x = tf.tensor2d([[1, 2, 3]]);
    const fromGraph = Array.from({ length: 5 }, () => compiled.call('step', [x]).output_0?.dataSync()[0] ?? NaN);
    const eager = Array.from({ length: 5 }, () => step(x).dataSync()[0] ?? NaN);
    fromGraph.forEach((loss, i) => expect(Math.abs(loss - (eager[i] ?? NaN))).toBeLessThan(1e-4));
    compiled.dispose();
  });

  it('gives arguments with one name for a size that size in common', () => {
    const loss = tfFunction((x: tf.Tensor, y: tf.Tensor) => tf.sum(tf.mul(x, tf.expandDims(y, 1))), {
      inputSignature: { x: tensorSpec('float32', ['batch', 3]), y: tensorSpec('float32', ['batch']) },
      name: 'loss',
    });
    expect(String(loss.getConcreteFunction())).toBe(
      'loss(x: float32[batch, 3], y: float32[batch]) -> (output_0: float32[])',
    );
  });
});

describe('what cannot be traced', () => {
  const variable = tf.variable(tf.ones([3]));
  const cases: [string, (x: tf.Tensor) => TfFunctionResult, string][] = [
    ['a value that is read', (x) => tf.mul(x, x.dataSync()[0] ?? 0), 'Cannot trace "f". The argument "x" (float32[2, 3]) is read into JavaScript'],
    ['a result that is read', (x) => tf.mul(x, tf.sum(x).arraySync()), 'The result of Sum (float32[]) is read into JavaScript'],
    ['a variable that is read', (x) => tf.mul(x, variable.dataSync()[0] ?? 0), 'is read into JavaScript'],
    ['numbers drawn in JavaScript', (x) => tf.add(x, tf.randomUniform([3])), 'JavaScript draws it at random'],
    ['a branch on a size', (x) => (x.size > 6 ? tf.square(x) : tf.exp(x)), 'f takes another path for other sizes: step 1 is Exp for one size and Square for another'],
    ['a size that nothing explains', (x) => tf.add(tf.sum(x), x.size ** 4 + 1), 'no input size explains it'],
    ['a promise', (x) => Promise.resolve(x) as unknown as tf.Tensor, 'Received: a promise (tf functions are not async).'],
    ['nothing', () => undefined as unknown as tf.Tensor, 'Received: undefined.'],
    ['a number', () => 3 as unknown as tf.Tensor, 'Received: 3.'],
    ['a variable that a body assigns', (x) => mapFn((row) => { variable.assign(row); return row; }, x), 'assigns the variable'],
    ['branches of different types', (x) => cond(tf.greater(tf.sum(x), 0), () => x, () => tf.cast(x, 'int32')), 'Both branches of cond return the same types and ranks. Received for result 0: float32[2, 3] and int32[2, 3].'],
  ]; // prettier-ignore

  it.each(cases)('%s', (_, fn, message) => {
    expect(graphOf(fn)).toThrow(message);
  });

  it('more parameters than the signature has', () => {
    const fn = tfFunction((x: tf.Tensor, y: tf.Tensor) => tf.add(x, y), vectors);
    expect(() => fn.getConcreteFunction()).toThrow('It takes 2 arguments; its inputSignature names 1: x.');
  });
});
