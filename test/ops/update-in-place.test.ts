import { describe, expect, it } from 'vitest';

import { updateInPlace } from '../../src/ops/update-in-place.js';
import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import * as tf from '../../src/tensorflow/tf.js';
import { attr } from '../../src/tracing/attr-value.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';

const attributes = { use_locking: attr.bool(false) };
/** `variable -= rate * delta`. */
const descend = (variable: tf.Variable, rate: number, delta: tf.Tensor) =>
  updateInPlace('ResourceApplyGradientDescent', attributes, [variable], [tf.scalar(rate), delta]);

const graphOf = (fn: (x: tf.Tensor) => Record<string, tf.Tensor>) =>
  tfFunction(fn, { inputSignature: { x: tensorSpec('float32', [2]) } }).getConcreteFunction();

async function runTwice(fn: (x: tf.Tensor) => Record<string, tf.Tensor>) {
  const compiled = await CompiledFunctions.compile({ fn: graphOf(fn) });
  const run = () => {
    const results = compiled.call('fn', [tf.tensor1d([1, 2])]);
    return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, Array.from(value.dataSync())]));
  };
  const results = [run(), run()];
  compiled.readVariables();
  compiled.dispose();
  return results;
}

describe('updateInPlace', () => {
  it('updates after what reads the old value, and before what reads the new one, whenever they are used', async () => {
    const variable = tf.variable(tf.tensor1d([10, 20]));
    const results = await runTwice((x) => {
      const old = variable.clone();
      descend(variable, 1, x);
      const between = variable.clone();
      descend(variable, 2, x);
      return { old, between, after: tf.add(variable, 0), doubled: tf.mul(old, 2) };
    });
    expect(results).toEqual([
      { old: [10, 20], between: [9, 18], after: [7, 14], doubled: [20, 40] },
      { old: [7, 14], between: [6, 12], after: [4, 8], doubled: [14, 28] },
    ]);
    expect(Array.from(variable.dataSync())).toEqual([4, 8]);
  });

  it('runs though nobody uses a result of it, and leaves the variable as it was while it is traced', async () => {
    const variable = tf.variable(tf.tensor1d([10, 20]));
    const fn = (x: tf.Tensor) => {
      descend(variable, 1, x);
      return { x: tf.add(x, 1) };
    };
    const graph = graphOf(fn);
    expect([graph.assigns, Array.from(variable.dataSync())]).toEqual([true, [10, 20]]);
    await runTwice(fn);
    expect(Array.from(variable.dataSync())).toEqual([8, 16]);
  });

  it('may be followed by an assignment', async () => {
    const variable = tf.variable(tf.tensor1d([10, 20]));
    const results = await runTwice((x) => {
      descend(variable, 1, x);
      variable.assign(tf.mul(variable, 2));
      return { after: tf.add(variable, 0) };
    });
    expect(results).toEqual([{ after: [18, 36] }, { after: [34, 68] }]);
    expect(Array.from(variable.dataSync())).toEqual([34, 68]);
  });

  it('says where it is not possible', () => {
    const variable = tf.variable(tf.tensor1d([1, 2]));
    expect(() => descend(variable, 1, tf.tensor1d([1, 2]))).toThrow(
      'ResourceApplyGradientDescent updates variables in place, which is only possible while tracing',
    );
    const afterAssignment = (x: tf.Tensor) => {
      variable.assign(x as tf.Tensor1D);
      descend(variable, 1, x);
      return { x };
    };
    expect(() => graphOf(afterAssignment)).toThrow(/^Cannot trace .*were not assigned\.$/s);
  });
});
