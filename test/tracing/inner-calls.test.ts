import { expect, it } from 'vitest';

import * as tf from '../../src/tensorflow/tf.js';
import { shapesKey } from '../../src/tracing/concrete-function.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';

const inputSignature = { x: tensorSpec('float32', [null, 3]) };

it('a function does not run again where it was compared, while one that calls it is compared', () => {
  const shapes: number[][] = [];
  const inner = tfFunction((x: tf.Tensor) => (shapes.push(x.shape), tf.sin(x)), { inputSignature });
  const { compared } = inner.getConcreteFunction();
  shapes.length = 0;
  const outer = tfFunction((x: tf.Tensor) => tf.add(inner(x), 1), { inputSignature });
  expect(outer.getConcreteFunction().compared.size).toBeGreaterThan(5);
  expect(shapes.filter((shape) => compared.has(shapesKey([shape])))).toEqual([]);
});

it('it runs at other shapes: what is wrong there is found', () => {
  const inner = tfFunction((x: tf.Tensor) => tf.mul(x, x.shape[0] > 3000 ? 2 : 1), { inputSignature });
  const outer = tfFunction((x: tf.Tensor) => inner(tf.tile(x, [40, 1])), { inputSignature });
  expect(inner.getConcreteFunction().unchecked).toEqual([]);
  expect(() => outer.getConcreteFunction()).toThrow(/does not compute what the function computes/);
});
