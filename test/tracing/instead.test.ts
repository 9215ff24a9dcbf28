import { expect, it } from 'vitest';

import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import * as tf from '../../src/tensorflow/tf.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';

const images = { inputSignature: { x: tensorSpec('float32', [null, null, null, 3]) } };
const rooted = (x: tf.Tensor) => Math.ceil(Math.sqrt(x.size));

it.each<[string, (x: tf.Tensor4D) => tf.Tensor]>([
  ['padTo or padToMultiple', (x) => tf.pad(x, [[0, 0], [0, rooted(x)], [0, 0], [0, 0]])],
  ['resizeShorterSide, letterbox', (x) => tf.image.resizeBilinear(x, [rooted(x), 9])],
  ['sizeOf(x, axis), which is a tensor', (x) => tf.mul(x, rooted(x))],
  ['a stop that is never less than its start, by Math.max', (x) => tf.range(0, x.shape[1] - 8)],
  ['randomUniform or randomNormal of signet-ml', (x) => tf.mul(x, tf.truncatedNormal([3]))],
])('a refusal names %s', (name, fn) => {
  expect(() => tfFunction((x: tf.Tensor) => fn(x as tf.Tensor4D), images).getConcreteFunction()).toThrow(name);
}); // prettier-ignore

it('a graph that fails at a size that JavaScript did not foresee says what may be the cause', async () => {
  // Beyond every sample.
  const fn = tfFunction((x: tf.Tensor) => tf.pad(x, [[0, Math.max(0, 5000 - x.size)]]), {
    inputSignature: { x: tensorSpec('float32', [null]) },
  });
  const graphs = await CompiledFunctions.compile({ fn: fn.getConcreteFunction() });
  expect(() => graphs.call('fn', [tf.ones([5003])])).toThrow(/while it was traced: pad with padTo or padToMultiple/);
  graphs.dispose();
});
