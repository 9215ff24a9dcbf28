import { describe, expect, it } from 'vitest';

import { checkSize } from '../../../src/serving/limits/check-size.js';
import type { DType } from '../../../src/tensorflow/data-type.js';
import { type Shape, tensorSpec } from '../../../src/tracing/tensor-spec.js';

const tensor = (dtype: DType, shape: Shape) => ({ tensor: 'x:0', spec: tensorSpec(dtype, shape) });
const pictures = {
  inputs: { x: tensor('float32', [null, null, null, 3]) },
  outputs: { y: tensor('float32', [null, 10]) },
};

describe('checkSize', () => {
  it('refuses more rows than the server takes, however small they are', () => {
    expect(() => checkSize(pictures, [{ dtype: 'float32', shape: [200_000, 1, 1, 3] }])).toThrow(
      'The request has 200000 rows; the server takes 4096 (--max-rows). Send fewer in a request.',
    );
    expect(checkSize(pictures, [{ dtype: 'float32', shape: [4096, 1, 1, 3] }])).toBe(4096 * (3 + 10) * 4);
    expect(() => checkSize(pictures, [{ dtype: 'float32', shape: [9, 1, 1, 3] }], { maxRows: 8 })).toThrow('9 rows');
  });

  it('counts what the rows become', () => {
    const large = { inputs: { x: tensor('string', [null]) }, outputs: { y: tensor('float32', [null, 512, 512]) } };
    expect(() => checkSize(large, [{ dtype: 'string', shape: [1000] }])).toThrow(
      'The outputs of the request would take',
    );
  });

  it('counts strings that are not rows', () => {
    const words = { inputs: { x: tensor('string', [null, null]) }, outputs: { y: tensor('float32', [null]) } };
    expect(() => checkSize(words, [{ dtype: 'string', shape: [1, 70_000] }])).toThrow(
      'The request has 70000 strings; the server takes 65536.',
    );
  });

  it('takes a first size that is not a number of rows', () => {
    const vector = { inputs: { x: tensor('float32', [null]) }, outputs: { y: tensor('float32', []) } };
    expect(checkSize(vector, [{ dtype: 'float32', shape: [1_000_000] }])).toBe(4_000_000);
  });
});
