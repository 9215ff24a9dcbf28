import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { writeDouble, writeFloat } from '../../../src/serving/rest/json/write-number.js';

describe('writeFloat', () => {
  // What C's printf and TensorFlow Serving's rules give; the numbers of more than six digits were printed with Python's %.9g.
  it.each<[number, string]>([
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [-25, '-25.0'],
    [100_000, '100000.0'],
    [999_999, '999999.0'],
    [1_000_000, '1e+06'],
    [9_000_000, '9e+06'],
    [1_234_567, '1234567.0'],
    [16_777_216, '16777216.0'],
    [123_456_792, '123456792.0'],
    [1_234_567_936, '1.23456794e+09'],
    [2 ** 31, '2.14748365e+09'],
    [0.1, '0.1'],
    [0.2, '0.2'],
    [1 / 3, '0.333333343'],
    [0.0001, '0.0001'],
    [0.00003, '3e-05'],
    [0.00012345, '0.00012345'],
    [1e-10, '1e-10'],
    [1e20, '1e+20'],
    [1e38, '1e+38'],
    [3.4028234663852886e38, '3.40282347e+38'],
    [1.401298464324817e-45, '1.4013e-45'],
    [1.1754943508222875e-38, '1.17549435e-38'],
    [100_000.5, '100000.5'],
    [0.5, '0.5'],
    // Exactly between two decimals of nine digits: the even one.
    [2 ** -13, '0.000122070312'],
    [3 * 2 ** -13, '0.000366210938'],
    [-(2 ** -13), '-0.000122070312'],
    [5 * 2 ** -14, '0.000305175781'],
    [NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [-Infinity, '-Infinity'],
  ])('writes %s as %s', (value, text) => {
    expect(writeFloat(Math.fround(value))).toBe(text);
  });

  it('reads back as the same float32, for 200,000 of all sizes', () => {
    const anyFloats = fc.uint32Array({ minLength: 200, maxLength: 200 }).map(({ buffer }) => new Float32Array(buffer));
    const readsBack = fc.property(anyFloats, (floats) => {
      for (const value of floats) {
        const text = writeFloat(value);
        if (!Object.is(Math.fround(Number(text)), value)) expect(text).toBe(String(value));
        if (!/^(-?\d+\.\d+|-?\d(\.\d+)?e[+-]\d\d|NaN|-?Infinity)$/.test(text)) expect.fail(text);
      }
    });
    fc.assert(readsBack, { numRuns: 1000, seed: 1 });
  });
});

describe('writeDouble', () => {
  // What Python's '%.6g' and '%.17g' print, by TensorFlow Serving's rules.
  it.each<[number, string]>([
    [0.0, '0.0'],
    [-0, '-0.0'],
    [1.0, '1.0'],
    [0.1, '0.1'],
    [0.3333333333333333, '0.33333333333333331'],
    [2 ** -25, '2.9802322387695312e-08'],
    [3 * 2 ** -25, '8.9406967163085938e-08'],
    [5 * 2 ** -25, '1.4901161193847656e-07'],
    [-(2 ** -25), '-2.9802322387695312e-08'],
    [1.2345678901234568e-5, '1.2345678901234568e-05'],
    [0.00012345678901, '0.00012345678901'],
    [1e21, '1e+21'],
    [1.2345678901234568e17, '1.2345678901234568e+17'],
    [9007199254740992.0, '9007199254740992.0'],
    [5e-324, '4.94066e-324'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
    [100000.5, '100000.5'],
    [1.0000000000000002e17, '1.0000000000000002e+17'],
    [0.30000000000000004, '0.30000000000000004'],
    [4.172325134277344e-7, '4.1723251342773438e-07'],
  ])('writes %s as %s', (value, text) => {
    expect(writeDouble(value)).toBe(text);
  });

  it('reads back as the same float64', () => {
    const readsBack = fc.property(fc.double(), (value) => Object.is(Number(writeDouble(value)), value));
    fc.assert(readsBack, { numRuns: 3000, seed: 1 });
  });
});
