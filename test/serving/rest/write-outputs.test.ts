import { describe, expect, it } from 'vitest';

import { writeOutputs } from '../../../src/serving/rest/json/write-outputs.js';
import { classificationPieces, regressionPieces } from '../../../src/serving/rest/json/write-results.js';
import type { TensorValue } from '../../../src/tensorflow/tensor-value.js';

const floats = (shape: number[], ...values: number[]): TensorValue => ({
  dtype: 'float32',
  shape,
  values: Float32Array.from(values),
});
const strings = (shape: number[], ...values: (string | Buffer)[]): TensorValue => ({
  dtype: 'string',
  shape,
  values: values.map((value) => Buffer.from(value)),
});

describe('outputs', () => {
  it.each<[Record<string, TensorValue>, string, string]>([
    [{ y: floats([], 1) }, '1.0', ''],
    [{ y: floats([3], 1, NaN, -Infinity) }, '[1.0, NaN, -Infinity]', '[1.0, NaN, -Infinity]'],
    [{ y: floats([2, 2], 1, 2, 3, 0.1) }, '[[1.0, 2.0], [3.0, 0.1]]', '[[1.0, 2.0], [3.0, 0.1]]'],
    [{ y: floats([1, 2, 1], 1, 2) }, '[[[1.0], [2.0]]]', '[[[1.0], [2.0]]]'],
    [{ y: floats([0]) }, '[]', '[]'],
    [{ y: floats([0, 5]) }, '[]', '[]'],
    [{ y: floats([2, 0]) }, '[[], []]', '[[], []]'],
    [{ y: floats([2, 0, 3]) }, '[[], []]', '[[], []]'],
    [{ y: floats([2, 2], 1, 2, 3, 4), n: { dtype: 'int64', shape: [2], values: BigInt64Array.of(-1n, 2n ** 63n - 1n) } },
      '{"y": [[1.0, 2.0], [3.0, 4.0]], "n": [-1, 9223372036854775807]}',
      '[{"y": [1.0, 2.0], "n": -1}, {"y": [3.0, 4.0], "n": 9223372036854775807}]'],
    [{ y: { dtype: 'int32', shape: [2], values: Int32Array.of(-1, 2) } }, '[-1, 2]', '[-1, 2]'],
    [{ y: { dtype: 'uint8', shape: [1], values: Uint8Array.of(255) } }, '[255]', '[255]'],
    [{ y: { dtype: 'bool', shape: [2], values: Uint8Array.of(1, 0) } }, '[true, false]', '[true, false]'],
    [{ y: strings([2], 'a"\n', 'é') }, '["a\\"\\n", "é"]', '["a\\"\\n", "é"]'],
    [{ y_bytes: strings([1], Buffer.of(255, 0)) }, '[{"b64": "/wA="}]', '[{"b64": "/wA="}]'],
    [{ y_bytes: strings([], 'a'), z: strings([], Buffer.of(255)) }, '{"y_bytes": {"b64": "YQ=="}, "z": "\ufffd"}', ''],
    [{ y_bytes: floats([1], 1) }, '[1.0]', '[1.0]'],
    [{ '"': floats([1], 1), ['__proto__']: floats([1], 2) }, '{"\\"": [1.0], "__proto__": [2.0]}', '[{"\\"": 1.0, "__proto__": 2.0}]'],
  ])('%# are written in columns and rows', (outputs, columns, rows) => {
    expect(writeOutputs(outputs, 'columnar')).toBe(`{"outputs": ${columns}}`);
    if (rows !== '') expect(writeOutputs(outputs, 'row')).toBe(`{"predictions": ${rows}}`);
  }); // prettier-ignore

  const typed = (dtype: TensorValue['dtype'], values: TensorValue['values'], shape = [values.length]): TensorValue => ({
    dtype,
    shape,
    values,
  });

  it.each<[TensorValue, string]>([
    [typed('float64', Float64Array.of(8, 0.1, 1 / 3, 1e300)), '[8.0, 0.1, 0.33333333333333331, 1e+300]'],
    [typed('float64', Float64Array.of(NaN, Infinity, -Infinity, -0)), '[NaN, Infinity, -Infinity, -0.0]'],
    [typed('float64', Float64Array.of(9e6, 3e-5, 0.662, 1234567)), '[9e+06, 3e-05, 0.662, 1234567.0]'],
    [typed('float64', Float64Array.of(1, 2, 3, 4), [2, 2]), '[[1.0, 2.0], [3.0, 4.0]]'],
    [typed('float16', Float32Array.of(1, 0.5, 65504)), '[1.0, 0.5, 65504.0]'],
    [typed('bfloat16', Float32Array.of(1.5, -2)), '[1.5, -2.0]'],
    [typed('int8', Int8Array.of(-128, 127)), '[-128, 127]'],
    [typed('int16', Int16Array.of(-32768, 32767)), '[-32768, 32767]'],
    [typed('uint16', Uint16Array.of(65535)), '[65535]'],
    [typed('uint32', Uint32Array.of(2 ** 32 - 1)), '[4294967295]'],
    [typed('uint64', BigUint64Array.of(2n ** 64n - 1n)), '[18446744073709551615]'],
    [typed('complex64', new Float32Array(), [0]), '[]'],
  ])('of every type are written as TensorFlow Serving does (%#)', (value, text) => {
    expect(writeOutputs({ y: value }, 'columnar')).toBe(`{"outputs": ${text}}`);
    expect(writeOutputs({ y: value }, 'row')).toBe(`{"predictions": ${text}}`);
  }); // prettier-ignore

  it('of doubles stand among others, in rows and columns', () => {
    const outputs = { d: typed('float64', Float64Array.of(8, 9)), i: typed('int32', Int32Array.of(1, 2)) };
    expect(writeOutputs(outputs, 'columnar')).toBe('{"outputs": {"d": [8.0, 9.0], "i": [1, 2]}}');
    expect(writeOutputs(outputs, 'row')).toBe('{"predictions": [{"d": 8.0, "i": 1}, {"d": 9.0, "i": 2}]}');
  });

  it('of complex numbers are refused', () => {
    for (const dtype of ['complex64', 'complex128'] as const) {
      const values = dtype === 'complex64' ? Float32Array.of(1, 2) : Float64Array.of(1, 2);
      const write = () => writeOutputs({ y: typed(dtype, values, [1]) }, 'row');
      expect(write).toThrow(`Failed to write JSON value for tensor type: ${dtype}`);
    }
  });

  it('have rows that go together, when rows are asked for', () => {
    const two = { y: floats([2], 1, 2), z: floats([1], 1) };
    expect(() => writeOutputs(two, 'row')).toThrow('Tensor name: z has inconsistent batch size: 1 expecting: 2');
    expect(() => writeOutputs({ y: floats([], 1) }, 'row')).toThrow(/^Tensor name: y has no shape information $/);
    for (const format of ['row', 'columnar'] as const) {
      expect(() => writeOutputs({}, format)).toThrow('Cannot convert empty tensor map to JSON');
    }
  });
});

describe('results', () => {
  it('are pairs of label and score, or numbers', () => {
    const classes = [{ label: 'a"b', score: 0.5 }, { label: 'c', score: NaN }, {}];
    expect([...classificationPieces({ classifications: [{ classes }, { classes: [] }] })].join('')).toBe(
      '{"results": [[["a\\"b", 0.5], ["c", NaN], ["", 0.0]], []]}',
    );
    expect([...regressionPieces({ regressions: [{ value: 1 }, { value: Math.fround(0.1) }, {}] })].join('')).toBe(
      '{"results": [1.0, 0.1, 0.0]}',
    );
  });
});
