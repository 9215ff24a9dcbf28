import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { integerOf, numberOf, parseServingJson } from '../../src/client/parse-serving-json.js';
import { tensorJson, tensorOfJson } from '../../src/client/tensor-json.js';
import { createRandom } from '../../src/data/dataset/random.js';
import { dtypes } from '../../src/tensorflow/data-type.js';
import type { TensorValue } from '../../src/tensorflow/tensor-value.js';
import { drawValues } from '../helpers/data/draw-values.js';

const tensor = (dtype: TensorValue['dtype'], shape: number[], values: TensorValue['values']): TensorValue => ({
  dtype,
  shape,
  values,
});
const back = (value: TensorValue) => tensorOfJson(value.dtype, parseServingJson(tensorJson(value)));

describe('tensorJson', () => {
  it.each([
    [tensor('float32', [], Float32Array.of(1.5)), '1.5'],
    [tensor('float32', [2, 2], Float32Array.of(1, -0, NaN, -Infinity)), '[[1,-0.0],[NaN,-Infinity]]'],
    // Nine digits, not the seventeen of the float64.
    [tensor('float32', [2], Float32Array.of(0.1, 3.3e-5)), '[0.100000001,0.0000330000003]'],
    [
      tensor('int64', [2], BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n))),
      '[9223372036854775807,-9223372036854775808]',
    ],
    [tensor('bool', [2], Uint8Array.of(1, 0)), '[true,false]'],
    [tensor('string', [1], [Buffer.from('é')]), '[{"b64":"w6k="}]'],
    [tensor('string', [], [Uint8Array.of(0xff)]), '{"b64":"/w=="}'],
    [tensor('int32', [0], new Int32Array()), '[]'],
    [tensor('int32', [2, 0], new Int32Array()), '[[],[]]'],
    [tensor('int32', [0, 2], new Int32Array()), '[]'],
  ])('writes %o as %s', (value, text) => {
    expect(tensorJson(value)).toBe(text);
  });

  it('is read back as it was, of every type and shape', () => {
    const carried = dtypes.filter((dtype) => !dtype.startsWith('complex'));
    const anyShape = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 });
    for (const dtype of carried) {
      const anyTensor = fc.tuple(anyShape, fc.nat()).map(([shape, seed]) => {
        const count = shape.reduce((a, b) => a * b, 1);
        return tensor(dtype, shape, drawValues(dtype, count, createRandom(seed)));
      });
      const comesBack = fc.property(anyTensor, (value) => {
        expect(comparable(back(value))).toEqual(comparable(value));
      });
      fc.assert(comesBack, { numRuns: 100, seed: 1 });
    }
  });

  it('does not write complex numbers', () => {
    const value = tensor('complex64', [1], Float32Array.of(1, 2));
    expect(() => tensorJson(value)).toThrow(
      'complex numbers, which JSON of TensorFlow Serving does not carry: use gRPC',
    );
  });
});

/** A string may come back as a Buffer. */
function comparable({ values, ...rest }: TensorValue) {
  return { ...rest, values: Array.isArray(values) ? values.map((value: Uint8Array) => [...value]) : values };
}

describe('tensorOfJson', () => {
  it('takes text for a string, as servers write outputs whose names do not end in _bytes', () => {
    expect(tensorOfJson('string', ['é', { b64: '/w==' }]).values).toEqual([Buffer.from('é'), Buffer.from([255])]);
  });

  it.each([
    ['float32', [[1, 2], [3]], 'lists of different lengths'],
    ['float32', [1, [2]], 'lists of different depths'],
    ['float32', [[1], 2], 'lists of different lengths'],
    ['float32', ['1'], '"1" for a number'],
    ['float32', null, 'null for a number'],
    ['int32', [1.5], '1.5 for a whole number'],
    ['int32', [2 ** 31], '2147483648 for a number of int32'],
    ['uint8', [-1], '-1 for a number of uint8'],
    ['bool', [1], '1 for a bool'],
    ['string', [{ b64: 1 }], '{"b64":1} for a string'],
    ['string', [{ b64: 'x', more: 1 }], '{"b64":"x","more":1} for a string'],
  ] as const)('refuses %s of %j', (dtype, json, message) => {
    expect(() => tensorOfJson(dtype, json)).toThrow(new TypeError(message));
  });
});

describe('parseServingJson', () => {
  it('reads what JSON.parse does', () => {
    for (const text of ['{"a":[1,-2.5e-7,"NaN",true,null]}', '"x"', '[]', '0.12345678901234567', '-1e+16']) {
      expect(parseServingJson(text)).toEqual(JSON.parse(text));
    }
  });

  it('reads numbers that JSON has not, or JSON.parse would round, and leaves strings alone', () => {
    const text =
      '{"s": "NaN \\" Infinity 12345678901234567", "n": [NaN, -Infinity, 12345678901234567, 1.2345678901234567e3, 7]}';
    const parsed = parseServingJson(text) as { s: string; n: unknown[] };
    expect(parsed.s).toBe('NaN " Infinity 12345678901234567');
    expect(parsed.n.map(numberOf)).toEqual([NaN, -Infinity, Number(12345678901234567n), 1234.5678901234567, 7]);
    expect(parsed.n.map(integerOf)).toEqual([null, null, 12345678901234567n, null, 7n]);
  });

  it.each(['', '{', '[1,]', 'NaN NaN', '[Infinity', '{"a":-NaN}'])('refuses %j', (text) => {
    expect(() => parseServingJson(text)).toThrow(SyntaxError);
  });
});
