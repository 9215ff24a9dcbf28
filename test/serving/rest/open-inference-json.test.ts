import { describe, expect, it } from 'vitest';

import { type InferBody, readInferBody, inferPieces } from '../../../src/serving/rest/json/open-inference-json.js';
import type { DType } from '../../../src/tensorflow/data-type.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import type { TensorValue } from '../../../src/tensorflow/tensor-value.js';
import { signatureOf } from './signature-of.js';

const signature = signatureOf({
  x: tensorSpec('float32', null),
  s: tensorSpec('string', null),
  n: tensorSpec('int64', null),
});
const read = (body: string) => readInferBody(Buffer.from(body), () => signature);
const input = (tensor: string) => read(`{"inputs": [${tensor}]}`).inputs;
const x = (rest: string) => `{"name": "x", "datatype": "FP32", ${rest}}`;

describe('a request', () => {
  it.each<[string, number[], number[]]>([
    ['"shape": [2, 2], "data": [1, 2, 3, 4]', [2, 2], [1, 2, 3, 4]],
    ['"shape": [2, 2], "data": [[1, 2], [3, 4]]', [2, 2], [1, 2, 3, 4]],
    ['"shape": [3], "data": [1, NaN, 2.5]', [3], [1, NaN, 2.5]],
    ['"shape": [], "data": 5', [], [5]],
    ['"shape": [], "data": [5]', [], [5]],
    ['"shape": [1, 1], "data": [5]', [1, 1], [5]],
    ['"shape": [0], "data": []', [0], []],
    ['"shape": [0, 28], "data": []', [0, 28], []],
    ['"shape": [2, 0], "data": [[], []]', [2, 0], []],
  ])('has the tensor %s', (rest, shape, values) => {
    expect(input(x(rest))).toEqual({ x: { dtype: 'float32', shape, values: Float32Array.from(values) } });
  });

  it('has bytes as text, or in base64', () => {
    const bytes = (tensor: string) => (input(tensor).s?.values as Uint8Array[]).map((each) => Buffer.from(each).toString());
    expect(bytes('{"name": "s", "datatype": "BYTES", "shape": [2], "data": ["YQ==", "\\u00e9"]}')).toEqual(['YQ==', 'é']);
    const parameters = '"parameters": {"content_type": "base64"}';
    expect(bytes(`{"name": "s", "datatype": "BYTES", "shape": [1], "data": ["YQ=="], ${parameters}}`)).toEqual(['a']);
    expect(() => input(`{"name": "s", "datatype": "BYTES", "shape": [1], "data": ["!"], ${parameters}}`)).toThrow('Unable to base64 decode');
  }); // prettier-ignore

  it('has a name for itself, a signature, and outputs that it wants', () => {
    expect(read('{"inputs": []}')).toEqual({ id: undefined, signatureName: undefined, inputs: {}, outputFilter: undefined, rawOutputs: [] }); // prettier-ignore
    expect(
      read('{"id": "7", "parameters": {"signature_name": "z"}, "inputs": [], "outputs": [{"name": "a"}, {"name": "b"}]}'),
    ).toMatchObject({ id: '7', signatureName: 'z', outputFilter: ['a', 'b'] }); // prettier-ignore
  });

  it.each([
    ['{}', 'The request needs "inputs", a list of tensors.'],
    ['{"inputs": {}}', 'The request needs "inputs", a list of tensors.'],
    ['{"inputs": [1]}', 'An input needs "name", a string.'],
    ['{"inputs": [{}]}', 'An input needs "name", a string.'],
    ['{"inputs": [{"name": 1}]}', '"name" is a string. Received: 1'],
    ['{"inputs": [{"name": "y"}]}', 'There is no input "y". Expected: x, s, n. "parameters": {"signature_name": "..."} chooses another signature; GET /v2/models/NAME lists them. The input "y" needs "datatype", a string. The input "y" needs a "shape", a list of at most 254 whole numbers from 0. The input "y" has no "data".'],
    ['{"inputs": [{"name": "constructor"}]}', 'There is no input "constructor". Expected: x, s, n. "parameters": {"signature_name": "..."} chooses another signature; GET /v2/models/NAME lists them. The input "constructor" needs "datatype", a string. The input "constructor" needs a "shape", a list of at most 254 whole numbers from 0. The input "constructor" has no "data".'],
    ['{"inputs": [{"name": "x"}]}', 'The input "x" needs "datatype", a string. The input "x" needs a "shape", a list of at most 254 whole numbers from 0. The input "x" has no "data".'],
    ['{"inputs": [{"name": "x", "datatype": "FP64"}]}', 'The input "x" is FP32. Received: FP64. The input "x" needs a "shape", a list of at most 254 whole numbers from 0. The input "x" has no "data".'],
    ['{"inputs": [{"name": "x", "datatype": "FP32"}]}', 'The input "x" needs a "shape", a list of at most 254 whole numbers from 0. The input "x" has no "data".'],
    ...['5', '[-1]', '[1.0]', '["1"]', '[9007199254740992]', '[1e3]', `[${'1,'.repeat(254)}1]`].map((shape) => [`{"inputs": [${x(`"shape": ${shape}, "data": [1]`)}]}`, 'The input "x" needs a "shape", a list of at most 254 whole numbers from 0.']),
    [`{"inputs": [${x('"shape": [9007199254740991, 9007199254740991, 0], "data": []')}]}`, 'The "shape" of the input "x" has more than 16777216 elements.'],
    [`{"inputs": [${x('"shape": [4294967296, 4294967296], "data": [1]')}]}`, 'The "shape" of the input "x" has more than 16777216 elements.'],
    // The body of triton#1649, with all that is wrong with it.
    ['{"inputs": [{"name": "image", "shape": "-1", "datatype": "STRING"}]}', 'There is no input "image". Expected: x, s, n. "parameters": {"signature_name": "..."} chooses another signature; GET /v2/models/NAME lists them. There is no datatype STRING. Expected: FP32, FP64, FP16, BF16, INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64, BOOL, COMPLEX64, COMPLEX128, BYTES. The input "image" needs a "shape", a list of at most 254 whole numbers from 0. The input "image" has no "data".'],
    ['{"inputs": [{"name": "x", "shape": "-1", "datatype": "STRING", "data": [1]}]}', 'The input "x" is FP32. Received: STRING. The input "x" needs a "shape", a list of at most 254 whole numbers from 0.'],
    ['{"inputs": [{"name": "s", "datatype": 7, "shape": [1]}]}', '"datatype" is a string. Received: 7. The input "s" has no "data".'],
    [`{"inputs": [${x('"shape": [1]')}]}`, 'The input "x" has no "data".'],
    [`{"inputs": [${x('"shape": [3], "data": [1, 2]')}]}`, 'The data of "x" is of shape [2]. Expected: 3 values for [3].'],
    [`{"inputs": [${x('"shape": [2, 2], "data": [[1, 2, 3, 4]]')}]}`, 'The data of "x" is of shape [1, 4]. Expected: 4 values for [2, 2].'],
    [`{"inputs": [${x('"shape": [2, 2], "data": [[1, 2], [3]]')}]}`, 'Encountered list at unexpected size: 1 at level: 1 expected size: 2'],
    [`{"inputs": [${x('"shape": [1], "data": ["a"]')}]}`, 'JSON Value: "a" Type: String is not of expected type: float'],
    [`{"inputs": [${x('"shape": [], "data": [], "shape": [1]')}]}`, 'The data of "x" is of shape [0]. Expected: 1 values for [].'],
    [`{"inputs": [${x('"shape": [1], "data": [1]')}, ${x('"shape": [1], "data": [1]')}]}`, 'The input "x" occurs twice.'],
    ['{"inputs": [{"name": "n", "datatype": "INT64", "shape": [1], "data": [1.0]}]}', 'JSON Value: 1.0 Type: Number is not of expected type: int64'],
    ['{"inputs": [], "outputs": {}}', '"outputs" is a list of objects with a "name".'],
    ['{"inputs": [], "outputs": [{}]}', 'An output needs "name", a string.'],
    ['{"inputs": [], "parameters": {"signature_name": 1}}', '"signature_name" is a string. Received: 1'],
    ['{"inputs": [], "id": 5}', '"id" is a string. Received: 5'],
    ['[]', 'JSON Value: [] Is not object'],
  ])('%s is refused', (body, message) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ status: 'INVALID_ARGUMENT', message }));
  }); // prettier-ignore
});

describe('raw tensors after the JSON', () => {
  const f = Buffer.from(Float32Array.of(1, -0, NaN).buffer);
  const readRaw = (json: string, ...parts: Uint8Array[]) => {
    const head = Buffer.from(json);
    return readInferBody(Buffer.concat([head, ...parts]), () => signature, {}, head.length);
  };
  const raw = (name: string, datatype: string, shape: string, bytes: number | string) =>
    `{"name": "${name}", "datatype": "${datatype}", "shape": ${shape}, "parameters": {"binary_data_size": ${bytes}}}`;

  it('are taken in their order, also among others', () => {
    const json = `{"inputs": [${raw('x', 'FP32', '[3]', 12)}, {"name": "n", "datatype": "INT64", "shape": [1], "data": [7]}, ${raw('s', 'BYTES', '[2, 1]', 11)}]}`;
    const { inputs } = readRaw(json, f, Buffer.from('\x02\0\0\0\xc3\xa9\x01\0\0\0a', 'latin1'));
    expect(inputs.x).toEqual({ dtype: 'float32', shape: [3], values: Float32Array.of(1, -0, NaN) });
    expect(inputs.n?.values).toEqual(BigInt64Array.of(7n));
    expect((inputs.s?.values as Uint8Array[]).map((each) => Buffer.from(each).toString())).toEqual(['é', 'a']);
  }); // prettier-ignore

  it.each<[string, InferBody['rawOutputs']]>([
    ['{"inputs": [], "parameters": {"binary_data_output": true}}', 'all'],
    ['{"inputs": [], "parameters": {"binary_data_output": false}}', []],
    ['{"inputs": [], "outputs": [{"name": "a", "parameters": {"binary_data": true}}, {"name": "b"}]}', ['a']],
    ['{"inputs": [], "parameters": {"binary_data_output": true}, "outputs": [{"name": "a", "parameters": {"binary_data": false}}, {"name": "b"}]}', ['b']],
  ])('are asked for by %s', (json, expected) => {
    expect(readRaw(json).rawOutputs).toEqual(expected);
  }); // prettier-ignore

  it.each<[string, Uint8Array, string]>([
    [`{"inputs": [${raw('x', 'FP32', '[3]', 12)}]}`, f.subarray(1), 'The input "x" should have 12 raw bytes (binary_data_size). 11 are left after the JSON.'],
    [`{"inputs": [${raw('x', 'FP32', '[3]', 8)}]}`, f, 'The input "x" has 8 raw bytes. Expected: 12 for the 3 elements of its shape.'],
    [`{"inputs": [${raw('x', 'FP32', '[2]', 8)}]}`, f, '4 raw bytes belong to no input: the binary_data_size of the inputs is 8 in all.'],
    [`{"inputs": [${raw('x', 'FP32', '[16777216]', 12)}]}`, f, 'The input "x" has 12 raw bytes. Expected: 67108864 for the 16777216 elements of its shape.'],
    [`{"inputs": [${raw('x', 'FP32', '[3]', -1)}]}`, f, '"binary_data_size" is a whole number from 0. Received: -1'],
    [`{"inputs": [${raw('x', 'FP32', '[3]', '"12"')}]}`, f, '"binary_data_size" is a whole number from 0. Received: "12"'],
    [`{"inputs": [${raw('s', 'BYTES', '[1]', 4)}]}`, Buffer.of(255, 255, 255, 255), 'The raw bytes of the input "s" are not 1 strings, each its length in four bytes, little-endian, and then itself.'],
    ['{"inputs": [], "parameters": {"binary_data_output": 1}}', Buffer.of(), '"binary_data_output" is true or false. Received: 1'],
  ])('%s are refused when they do not fit', (json, bytes, message) => {
    expect(() => readRaw(json, bytes)).toThrow(expect.objectContaining({ status: 'INVALID_ARGUMENT', message }));
  }); // prettier-ignore

  it('need the header that says where the JSON ends', () => {
    expect(() => input(raw('x', 'FP32', '[3]', 12))).toThrow(
      'The input "x" has a "binary_data_size", but the header Inference-Header-Content-Length does not say where the JSON ends.',
    );
  });
});

/** A tensor as it stands in an answer. */
function tensorText(name: string, value: TensorValue): string {
  const text = [...inferPieces('{"id":"1"}', { [name]: value })].join('');
  const start = '{"id":"1","outputs":[';
  expect([text.slice(0, start.length), text.slice(-2)]).toEqual([start, ']}']);
  return text.slice(start.length, -2);
}

describe('a tensor of an answer', () => {
  const dtypes: [DType, ArrayLike<unknown>, string, string][] = [
    ['float32', Float32Array.of(1, 0.5), 'FP32', '1.0,0.5'],
    ['int32', Int32Array.of(-1, 2), 'INT32', '-1,2'],
    ['int64', BigInt64Array.of(-1n, 2n ** 62n), 'INT64', `-1,${2n ** 62n}`],
    ['uint8', Uint8Array.of(0, 255), 'UINT8', '0,255'],
    ['bool', Uint8Array.of(0, 1), 'BOOL', 'false,true'],
    ['string', [Buffer.from('a"'), Buffer.from('é')], 'BYTES', '"a\\"","é"'],
  ];
  it.each(dtypes)('of %s', (dtype, values, datatype, data) => {
    const text = tensorText('y', { dtype, shape: [2, 1], values: values as Float32Array });
    expect(text).toBe(`{"name":"y","shape":[2,1],"datatype":"${datatype}","data":[${data}]}`);
  });

  it('has bytes that are not text in base64', () => {
    const values = [Buffer.of(255), Buffer.from('a')];
    expect(JSON.parse(tensorText('y', { dtype: 'string', shape: [2], values }))).toEqual({
      ...{ name: 'y', shape: [2], datatype: 'BYTES', parameters: { content_type: 'base64' }, data: ['/w==', 'YQ=='] },
    });
  });
});
