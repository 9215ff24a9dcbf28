import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';

import { readExamplesBody } from '../../../src/serving/rest/json/read-examples-body.js';
import { ExampleSchema } from '../../../src/tensorflow/protos/tensorflow/core/example/example_pb.js';

const read = (body: string, maxBytes = 2 ** 20) => readExamplesBody(Buffer.from(body), { maxTensorBytes: maxBytes });

/** Features of the examples, as numbers and texts, integers too. */
function features(body: string): Record<string, unknown>[] {
  const { examples } = read(body);
  expect(examples).toMatchObject({ dtype: 'string', shape: [examples.values.length] });
  return (examples.values as Uint8Array[]).map((bytes) => {
    const { feature = {} } = fromBinary(ExampleSchema, bytes).features ?? {};
    return Object.fromEntries(
      Object.entries(feature).map(([name, { kind }]) => {
        const values = kind.value?.value ?? [];
        return [name, [kind.case, ...values.map((each) => (each instanceof Uint8Array ? Buffer.from(each).toString() : each))]];
      }),
    );
  }); // prettier-ignore
}

describe('examples', () => {
  it.each<[string, string, unknown[]]>([
    ['a number with a point', '1.5', ['floatList', 1.5]],
    ['a whole number with a point', '[1.0, 2e0]', ['floatList', 1, 2]],
    ['NaN and infinity', '[NaN, -Infinity]', ['floatList', NaN, -Infinity]],
    ['what float32 cannot hold', '[1e39, 1e-50]', ['floatList', Infinity, 0]],
    ['an integer', '[1, -2]', ['int64List', '1', '-2']],
    ['int64', '[9223372036854775807, -9223372036854775808, 9007199254740993]', ['int64List', '9223372036854775807', '-9223372036854775808', '9007199254740993']],
    ['a bool', '[true, false, 7]', ['int64List', '1', '0', '7']],
    ['text', '["a", "\\u00e9"]', ['bytesList', 'a', 'é']],
    ['base64', '[{"b64": "YQ=="}, "b"]', ['bytesList', 'a', 'b']],
    ['nothing', '[]', [undefined]],
  ])('take %s', (_, value, expected) => {
    expect(features(`{"examples": [{"f": ${value}}]}`)).toEqual([{ f: expected }]);
  }); // prettier-ignore

  it('may be several, empty, and of any names', () => {
    const body = '{"examples": [{"a": 1, "b": "x"}, {}, {"hasOwnProperty": 1}, {"a": 1, "a": 2}]}';
    const expected: Record<string, unknown>[] = [
      { a: ['int64List', '1'], b: ['bytesList', 'x'] },
      {},
      { hasOwnProperty: ['int64List', '1'] },
      { a: ['int64List', '2'] },
    ];
    expect(features(body)).toEqual(expected);
    expect(Object.keys(features('{"examples": [{"__proto__": 1}]}')[0] ?? {})).toEqual(['__proto__']);
  });

  it('get the context, over which they win', () => {
    const body = '{"context": {"a": 1, "c": 3}, "examples": [{"a": 2}, {"b": 4}], "signature_name": "s"}';
    expect(features(body)).toEqual([
      { c: ['int64List', '3'], a: ['int64List', '2'] },
      { a: ['int64List', '1'], c: ['int64List', '3'], b: ['int64List', '4'] },
    ]);
    expect(read(body).signatureName).toBe('s');
  });

  it.each([
    ['{}', "JSON Value: {} When method is classify, key 'examples' is expected and was not found"],
    ['{"examples": {}}', `JSON Value: {"examples": {}} Expecting 'examples' value to be an list/array`],
    ['{"examples": []}', `JSON Value: {"examples": []} 'examples' value is an empty array`],
    ['{"examples": [1]}', 'Example must be JSON object but got JSON Number'],
    ['{"examples": [{}, null]}', 'Example must be JSON object but got JSON Null'],
    ['{"context": [], "examples": [{}]}', 'Example must be JSON object but got JSON Array'],
    ['{"examples": [{"f": null}]}', 'Feature: f has element with unexpected JSON type: Null'],
    ['{"examples": [{"f": [[1]]}]}', 'Feature: f has element with unexpected JSON type: Array'],
    ['{"examples": [{"f": {"b64": 1}}]}', 'Feature: f has element with unexpected JSON type: Object'],
    ['{"examples": [{"f": {"b64": "!"}}]}', 'Unable to base64 decode'],
    ['{"examples": [{"f": [1, 2.5]}]}', 'Unexpected element type in feature: f expecting type: int64'],
    ['{"examples": [{"f": [2.5, 1]}]}', 'Unexpected element type in feature: f expecting type: float'],
    ['{"examples": [{"f": [2.5, true]}]}', 'Unexpected element type in feature: f expecting type: float'],
    ['{"examples": [{"f": ["a", 1]}]}', 'Unexpected element type in feature: f expecting type: bytes'],
    ['{"examples": [{"f": 9223372036854775808}]}', 'Feature: f has uint64_t element. Only int64_t is supported.'],
    ['{"examples": [{"f": 18446744073709551615}]}', 'Feature: f has uint64_t element. Only int64_t is supported.'],
    ['{"examples": [{"f": [1.5, 9223372036854775808]}]}', 'Unexpected element type in feature: f expecting type: float'],
    ['{"examples": [{"f": [1, 18446744073709551616]}]}', 'Unexpected element type in feature: f expecting type: int64'],
    ['{"signature_name": 1, "examples": [{}]}', `JSON Value: {"signature_name": 1, "examples": [{}]} not formatted correctly. 'signature_name' key must be a string value.`],
    ['[]', 'JSON Value: [] Is not object'],
  ])('%s are refused', (body, message) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ status: 'INVALID_ARGUMENT', message }));
  }); // prettier-ignore

  it('take no more memory for their context than they may', () => {
    const body = `{"context": {"f": "${'x'.repeat(1000)}"}, "examples": [${'{},'.repeat(1999)}{}]}`;
    expect(() => read(body)).toThrow(/^Input is too large: its context is 1\d{3} bytes for each of 2000 examples\.$/);
    expect(read(body, 2 ** 22).examples.shape).toEqual([2000]);
  });
});
