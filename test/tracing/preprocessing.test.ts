import { expect, it } from 'vitest';

import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import * as tf from '../../src/tensorflow/tf.js';
import { tfjsDtype } from '../../src/tensorflow/data-type.js';
import { tfFunction } from '../../src/tracing/tf-function.js';
import type { TensorSpec } from '../../src/tracing/tensor-spec.js';
import { difference } from '../helpers/programs/try-program.js';
import { inputs, type Snippet, snippets } from './cases/preprocessing-cases.js';

/** Sizes that no trace has. */
const sizes = [[1, 1, 1], [3, 40, 90], [90, 40, 3], [2, 64, 128], [48, 48, 48], [5, 31, 37], [100, 99, 7], [2, 200, 130]]; // prettier-ignore

it.each(snippets.map((snippet) => [snippet.name, snippet] as const))('%s', async (_, { fn, input, refused }) => {
  const traced = tfFunction(fn as unknown as (x: tf.Tensor) => tf.Tensor, { inputSignature: { x: inputs[input] } });
  if (refused) {
    expect(() => traced.getConcreteFunction()).toThrow(refused);
    return;
  }
  const graphs = await CompiledFunctions.compile({ f: traced.getConcreteFunction() });
  for (const all of sizes) expectSame(traced, graphs, sample(inputs[input], all));
  graphs.dispose();
});

it('most of 146 ways and more are traced', () => {
  expect(snippets.length).toBeGreaterThanOrEqual(146);
  expect(snippets.filter(({ refused }: Snippet) => !refused).length).toBeGreaterThanOrEqual(110);
});

/** Calls both; what eager does not take, the graph need not. */
function expectSame(eager: (x: tf.Tensor) => tf.Tensor, graphs: CompiledFunctions, x: tf.Tensor): void {
  let expected: tf.Tensor;
  try {
    expected = eager(x);
  } catch {
    return;
  }
  const { output_0: actual } = graphs.call('f', [x]);
  expect([x.shape, difference(expected, actual)]).toEqual([x.shape, null]);
}

function sample({ dtype, shape }: TensorSpec, all: readonly number[]): tf.Tensor {
  let unknown = 0;
  const known = (shape ?? []).map((size) => (typeof size === 'number' ? size : (all[unknown++] ?? 1)));
  const most = dtype === 'uint8' ? 255 : 9;
  const values = tf.randomUniform(
    known,
    tfjsDtype(dtype) === 'int32' ? 0 : -2,
    tfjsDtype(dtype) === 'int32' ? most : 2,
    'float32',
    3,
  );
  return tf.cast(values, tfjsDtype(dtype));
}
