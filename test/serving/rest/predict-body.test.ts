import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readPredictBody } from '../../../src/serving/rest/json/read-predict-body.js';
import type { DType } from '../../../src/tensorflow/data-type.js';
import type { TensorValue } from '../../../src/tensorflow/tensor-value.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { signatureOf } from './signature-of.js';

type Inputs = Readonly<Record<string, DType>>;

/** Reads a body for a signature with these inputs, of any shape. */
function read(body: string, inputs: Inputs = { x: 'float32' }) {
  const specs = Object.entries(inputs).map(([name, dtype]) => [name, tensorSpec(dtype, null)] as const);
  return readPredictBody(Buffer.from(body), () => signatureOf(Object.fromEntries(specs)));
}

const only = (body: string, dtype: DType): TensorValue => tensor(read(body, { x: dtype }).inputs, 'x');
const tensor = (inputs: Readonly<Record<string, TensorValue>>, name: string): TensorValue => {
  const value = inputs[name];
  if (!value) throw new Error(`There is no input ${name}.`);
  return value;
};
const texts = ({ values }: TensorValue) => Array.from(values as Uint8Array[], (value) => Buffer.from(value).toString());
const listOf = ({ values }: TensorValue) => Array.from(values as Float32Array);

describe('instances', () => {
  it.each<[string, number[], number[]]>([
    ['[1]', [1], [1]],
    ['[1, 2.5, -3e1]', [3], [1, 2.5, -30]],
    ['[[1, 2], [3, 4], [5, 6]]', [3, 2], [1, 2, 3, 4, 5, 6]],
    ['[[[1], [2]]]', [1, 2, 1], [1, 2]],
    ['[[], []]', [2, 0], []],
    ['[[[], []]]', [1, 2, 0], []],
    ['[{"x": 1}, {"x": 2}]', [2], [1, 2]],
    ['[{"x": [[1, 2]]}, {"x": [[3, 4]]}]', [2, 1, 2], [1, 2, 3, 4]],
  ])('%s are rows', (instances, shape, values) => {
    const { format, inputs, signatureName } = read(`{"instances": ${instances}}`);
    expect([format, signatureName]).toEqual(['row', undefined]);
    expect(inputs.x?.shape).toEqual(shape);
    expect(inputs.x).toMatchObject({ dtype: 'float32', values: Float32Array.from(values) });
  });

  it('may have several inputs, in any order, of their own shapes', () => {
    const body = '{"instances": [{"x": [1, 2], "n": 7, "s": "a"}, {"s": {"b64": "Yg=="}, "n": 8, "x": [3, 4]}]}';
    const { inputs } = read(body, { x: 'float32', n: 'int64', s: 'string' });
    expect(inputs.x).toEqual({ dtype: 'float32', shape: [2, 2], values: Float32Array.of(1, 2, 3, 4) });
    expect(inputs.n).toEqual({ dtype: 'int64', shape: [2], values: BigInt64Array.of(7n, 8n) });
    expect(texts(tensor(inputs, 's'))).toEqual(['a', 'b']);
  });

  it.each<[string, string, Inputs?]>([
    ['5', `JSON Value: {"instances": 5} Expecting 'instances' to be an list/array`],
    ['{}', `JSON Value: {"instances": {}} Expecting 'instances' to be an list/array`],
    ['[]', `JSON Value: {"instances": []} No values in 'instances' array`],
    ['[{"x": 1}, 2]', 'Expecting object but got list at item 1 of input list'],
    ['[1, {"x": 2}]', 'Expecting value/list but got object at item 1 of input list'],
    ['[{}]', `Failed to process element: 0 of 'instances' list. JSON object: {} keys must be equal to: x`],
    ['[{"y": 1}]', `Failed to process element: 0 key: y of 'instances' list. Error: INVALID_ARGUMENT: JSON object: does not have named input: y`],
    ['[{"x": 1, "x": 2}]', `Failed to process element: 0 key: x of 'instances' list. Error: INVALID_ARGUMENT: The key occurs twice.`],
    ['[{"__proto__": 1}]', `Failed to process element: 0 key: __proto__ of 'instances' list. Error: INVALID_ARGUMENT: JSON object: does not have named input: __proto__`],
    ['[{"x": 1}]', `Failed to process element: 0 of 'instances' list. JSON object: {"x": 1} keys must be equal to: w,x`, { x: 'float32', w: 'float32' }],
    ['[1]', 'instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map', { x: 'float32', w: 'float32' }],
    ['[{"b64": "AA=="}]', 'instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map', { x: 'string', w: 'float32' }],
    ['[1, [2]]', `Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting shape [] but got: [1]`],
    ['[[1], 2]', `Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting shape [1] but got: []`],
    ['[[1, 2], [3]]', `Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting tensor size: 2 but got: 1`],
    ['[[[1, 2]], [[3], [4]]]', `Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting shape [1,2] but got: [2,1]`],
    ['[[[1, 2], [3]]]', `Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: Encountered list at unexpected size: 1 at level: 1 expected size: 2`],
    ['[[1, [2]]]', `Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: Encountered list at unexpected level: 1 expected < 1`],
    ['[[[1], 2]]', `Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2`],
    ['[[1], [[2], 3]]', `Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: 3 found at incorrect level: 2 in the JSON DOM. Expected at level: 2`],
    ['[[], [1]]', `Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting tensor size: 0 but got: 1`],
    ['[null]', `Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: null Type: Null is not of expected type: float`],
  ])('%s are refused', (instances, message, inputs) => {
    const body = `{"instances": ${instances}}`;
    expect(() => read(body, inputs)).toThrow(expect.objectContaining({ status: 'INVALID_ARGUMENT', message }));
  }); // prettier-ignore
});

describe('inputs', () => {
  it.each<[string, number[], number[]]>([
    ['1', [], [1]],
    ['[1, 2]', [2], [1, 2]],
    ['[]', [0], []],
    ['{"x": 1}', [], [1]],
    ['{"x": [[1], [2]]}', [2, 1], [1, 2]],
    ['{"x": [1], "unknown": {"b64": 5}}', [1], [1]],
    ['{"x": 1, "x": [2]}', [], [1]],
  ])('%s are tensors', (given, shape, values) => {
    const { format, inputs } = read(`{"inputs": ${given}}`);
    expect(format).toBe('columnar');
    expect(inputs).toEqual({ x: { dtype: 'float32', shape, values: Float32Array.from(values) } });
  });

  it('may be of different sizes', () => {
    const { inputs } = read('{"inputs": {"x": [1, 2], "n": 3}}', { x: 'float32', n: 'int32' });
    expect(inputs.x?.shape).toEqual([2]);
    expect(inputs.n).toEqual({ dtype: 'int32', shape: [], values: Int32Array.of(3) });
  });

  it('keep names that objects of JavaScript have anyway', () => {
    const inputs = Object.fromEntries([['__proto__', 'float32'], ['constructor', 'int32']] as const); // prettier-ignore
    const read1 = read('{"inputs": {"__proto__": [1], "constructor": 2}}', inputs).inputs;
    expect(Object.entries(read1).map(([name, { shape }]) => [name, shape])).toEqual([['__proto__', [1]], ['constructor', []]]); // prettier-ignore
  });

  it.each<[string, string, Inputs?]>([
    ['{}', `Missing named input: x in 'inputs' object.`],
    ['{"y": 1}', `Missing named input: x in 'inputs' object.`],
    ['{"constructor": 1}', `Missing named input: x in 'inputs' object.`],
    ['[1]', 'inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map', { x: 'float32', w: 'float32' }],
    ['{"b64": "AA=="}', 'JSON Value: {"b64": "AA=="} Type: Object is not of expected type: float'],
    ['{"x": [[1], [2, 3]]}', 'Encountered list at unexpected size: 2 at level: 1 expected size: 1'],
    ['null', 'JSON Value: null Type: Null is not of expected type: float'],
  ])('%s are refused', (given, message, inputs) => {
    expect(() => read(`{"inputs": ${given}}`, inputs)).toThrow(message);
  }); // prettier-ignore
});

describe('a body', () => {
  it.each([
    ['', 'JSON Parse error: The document is empty'],
    ['[]', 'JSON Value: [] Is not object'],
    ['"x"', 'JSON Value: "x" Is not object'],
    ['null', 'JSON Value: null Is not object'],
    ['{}', "Missing 'inputs' or 'instances' key"],
    ['{"Instances": [1]}', "Missing 'inputs' or 'instances' key"],
    ['{"inputs": 1, "instances": [1]}', `JSON Value: {"inputs": 1, "instances": [1]} Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist `],
    ['{"signature_name": 1, "inputs": 1}', `JSON Value: {"signature_name": 1, "inputs": 1} not formatted correctly. 'signature_name' key must be a string value.`],
    ['{"signature_name": null, "inputs": 1}', `JSON Value: {"signature_name": null, "inputs": 1} not formatted correctly. 'signature_name' key must be a string value.`],
  ])('%j is refused', (body, message) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ status: 'INVALID_ARGUMENT', message }));
  }); // prettier-ignore

  it('names the signature, whose types then hold; an empty name is none', () => {
    const asked: unknown[] = [];
    const find = (name: string | undefined) => (asked.push(name), signatureOf({ x: tensorSpec('int32', null) }));
    const named = readPredictBody(Buffer.from('{"inputs": 1, "signature_name": "s\\u00e9"}'), find);
    expect(named).toMatchObject({ signatureName: 'sé', inputs: { x: { dtype: 'int32' } } });
    readPredictBody(Buffer.from('{"inputs": 1, "signature_name": ""}'), find);
    expect(asked).toEqual(['sé', undefined]);
    expect(() => readPredictBody(Buffer.from('{}'), () => signatureOf({}))).toThrow(
      'Failed to get input map for signature: DEFAULT',
    );
  });

  it('may hold what is ignored', () => {
    const { inputs } = read(`{"deep": ${'['.repeat(500_000)}${']'.repeat(500_000)}, "inputs": [1]} trailing`);
    expect(inputs.x?.shape).toEqual([1]);
  });
});

describe('float32', () => {
  it('takes any number', () => {
    const value = only('{"inputs": [1, 1.5, -0, 1e39, -1e300, 1e-50, NaN, Infinity, -Infinity, 16777217, 0.1]}', 'float32');
    expect(listOf(value)).toEqual([1, 1.5, -0, Infinity, -Infinity, 0, NaN, Infinity, -Infinity, 16777216, Math.fround(0.1)]);
  }); // prettier-ignore

  it.each(['"1"', 'true', 'null', '{"b64": "AA=="}', '{"a": 1}'])('refuses %s', (value) => {
    const kind = { '"': 'String', t: 'True', n: 'Null' }[value.charAt(0)] ?? 'Object';
    const message = `JSON Value: ${value} Type: ${kind} is not of expected type: float`;
    expect(() => only(`{"inputs": [1, ${value}]}`, 'float32')).toThrow(message);
  });
});

describe('integers', () => {
  it('are exact', () => {
    expect(only('{"inputs": [-2147483648, 2147483647, -0]}', 'int32').values).toEqual(Int32Array.of(-(2 ** 31), 2 ** 31 - 1, 0)); // prettier-ignore
    const values = [9223372036854775807n, -9223372036854775808n, 9007199254740993n];
    expect(only(`{"inputs": [${values.join()}]}`, 'int64').values).toEqual(BigInt64Array.from(values));
    expect(only('{"inputs": [0, 255, 300, -1]}', 'uint8').values).toEqual(Uint8Array.of(0, 255, 44, 255));
  });

  it.each<[DType, string, string]>([
    ['int32', '1.0', 'int32'],
    ['int32', '1e0', 'int32'],
    ['int32', '2147483648', 'int32'],
    ['int32', '-2147483649', 'int32'],
    ['int32', 'NaN', 'int32'],
    ['uint8', '1.5', 'uint8'],
    ['uint8', '4294967296', 'uint8'],
    ['int64', '1.0', 'int64'],
    ['int64', 'Infinity', 'int64'],
    ['int64', '9223372036854775808', 'int64'],
    ['int64', '-9223372036854775809', 'int64'],
    ['int64', '1e30', 'int64'],
  ])('%s refuses %s', (dtype, text, name) => {
    const message = `JSON Value: ${text} Type: Number is not of expected type: ${name}`;
    expect(() => only(`{"inputs": [${text}]}`, dtype)).toThrow(message);
  });

  it.each<DType>(['int32', 'int64', 'uint8'])('%s refuse text and words', (dtype) => {
    for (const [text, kind] of [['"1"', 'String'], ['true', 'True'], ['null', 'Null']] as const) {
      const message = `JSON Value: ${text} Type: ${kind} is not of expected type: ${dtype}`;
      expect(() => only(`{"inputs": [${text}]}`, dtype)).toThrow(message);
    }
  }); // prettier-ignore
});

describe('bool', () => {
  it('is true or false', () => {
    expect(only('{"inputs": [true, false]}', 'bool').values).toEqual(Uint8Array.of(1, 0));
    for (const text of ['0', '1', '"true"', 'null']) {
      expect(() => only(`{"inputs": [${text}]}`, 'bool')).toThrow('is not of expected type: bool');
    }
  });
});

describe('string', () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');

  it.each([
    ['{"instances": [{"b64": "YQ=="}, "b"]}', [2], ['a', 'b']],
    ['{"instances": [{"x": {"b64": "YQ=="}}, {"x": "b"}]}', [2], ['a', 'b']],
    ['{"instances": [[{"b64": "YQ=="}, "b"]]}', [1, 2], ['a', 'b']],
    ['{"inputs": {"b64": "YQ=="}}', [], ['a']],
    ['{"inputs": {"x": {"b64": "YQ=="}}}', [], ['a']],
    ['{"inputs": "a"}', [], ['a']],
    ['{"inputs": ["", "YQ==", "\\u00e9\\n"]}', [3], ['', 'YQ==', 'é\n']],
  ])('%s', (body, shape, values) => {
    const value = only(body, 'string');
    expect([value.shape, texts(value)]).toEqual([shape, values]);
  });

  it.each([
    ['aGVsbG8=', 'hello'],
    ['aGVsbG8', 'hello'],
    ['aGVsbA', 'hell'],
    ['aGVs', 'hel'],
    ['', ''],
    ['aG Vs\\nbG8=', 'hello'],
    ['Pz8/', '???'],
    ['fn5+', '~~~'],
  ])('base64 "%s" is "%s"', (encoded, text) => {
    expect(texts(only(`{"inputs": {"b64": "${encoded}"}}`, 'string'))).toEqual([text]);
  });

  it.each(['a', 'aGVsbG8==', 'aGVsbG8===', '=', '====', 'aG=Vs', 'aGVs!', 'aGVs\\u0000', 'é'])(
    'base64 "%s" is refused',
    (encoded) => {
      expect(() => only(`{"inputs": {"b64": "${encoded}"}}`, 'string')).toThrow(/^Unable to base64 decode$/);
    },
  );

  it.each([
    ['Pz8_', ': it has "-" or "_", letters of the web-safe alphabet. Encode it with the standard one, which has "+" and "/".'],
    ['fn5-', ': it has "-" or "_", letters of the web-safe alphabet. Encode it with the standard one, which has "+" and "/".'],
    ['data:image/png;base64,iVBORw0KGgo=', ': it begins with "data:image/png;base64,", as data: URLs do. Send what comes after the comma.'],
    ["b'iVBORw0KGgo='", ': it is how Python shows bytes. Send base64.b64encode(data).decode("ascii").'],
  ])('base64 "%s" is refused with what it is', (encoded, why) => {
    const message = `Unable to base64 decode${why}`;
    expect(() => only(`{"inputs": {"b64": "${encoded}"}}`, 'string')).toThrow(expect.objectContaining({ message }));
  }); // prettier-ignore

  it('takes all bytes, of any number', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    for (let length = 0; length <= 256; length += 1) {
      const encoded = bytes.subarray(0, length).toString('base64');
      expect(only(`{"inputs": {"b64": "${encoded}"}}`, 'string').values[0]).toEqual(bytes.subarray(0, length));
    }
    const large = Buffer.alloc(20_000_000, 'abc');
    const [decoded] = only(`{"inputs": [{"b64": "${large.toString('base64')}"}]}`, 'string').values as Uint8Array[];
    expect(large.equals(decoded ?? Buffer.of())).toBe(true);
  });

  it.each([
    ['1', 'JSON Value: 1 Type: Number is not of expected type: string'],
    ['null', 'JSON Value: null Type: Null is not of expected type: string'],
    ['{"b64": 5}', 'JSON Value: {"b64": 5} not formatted correctly for base64 data'],
    [`{"b64": "YQ==", "x": 1}`, 'not formatted correctly for base64 data'],
    ['{"B64": "YQ=="}', 'JSON Value: {"B64": "YQ=="} not formatted correctly for base64 data'],
    ['{}', 'JSON Value: {} not formatted correctly for base64 data'],
  ])('refuses %s', (text, message) => {
    expect(() => only(`{"inputs": [${text}]}`, 'string')).toThrow(message);
  });

  it('takes `b64` for a name where it is not alone, or holds no string', () => {
    const { inputs } = read(`{"instances": [{"b64": "${base64('a')}", "x": 1}]}`, { b64: 'string', x: 'float32' });
    expect(texts(tensor(inputs, 'b64'))).toEqual([base64('a')]);
    expect(read('{"instances": [{"b64": 5}]}', { b64: 'float32' }).inputs.b64?.shape).toEqual([1]);
  });
});

describe('ranks', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}1${']'.repeat(depth)}`;

  it('end at 254, the dimension of the instances counted', () => {
    expect(read(`{"inputs": ${nested(254)}}`).inputs.x?.shape).toHaveLength(254);
    expect(read(`{"instances": ${nested(254)}}`).inputs.x?.shape).toHaveLength(254);
    for (const [key, depth] of [['inputs', 255], ['instances', 255], ['inputs', 500_000], ['instances', 500_000]] as const) {
      expect(() => read(`{"${key}": ${nested(depth)}}`)).toThrow('levels, TensorFlow\'s limit.');
    }
  }); // prettier-ignore
});

describe('any shape', () => {
  it('comes back as it was written', () => {
    const anyShape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
    const anyTensor = anyShape.chain((shape) => {
      const length = shape.reduce((product, each) => product * each, 1);
      const values = fc.array(fc.float({ min: 0, max: 10, noNaN: true }), { minLength: length, maxLength: length });
      return fc.tuple(fc.constant(shape), values);
    });
    const comesBack = fc.property(anyTensor, fc.constantFrom('instances', 'inputs'), ([shape, values], key) => {
      const x = only(`{"${key}": ${JSON.stringify(nest(values, shape))}}`, 'float32');
      expect(x.shape).toEqual(shape);
      expect(listOf(x)).toEqual(values);
    });
    fc.assert(comesBack, { numRuns: 600, seed: 1 });
  });
});

function nest(values: readonly number[], [size, ...inner]: readonly number[]): unknown {
  if (size === undefined) return values[0];
  const step = values.length / size;
  return Array.from({ length: size }, (_, i) => nest(values.slice(i * step, (i + 1) * step), inner));
}

/*
 * Derived from `AddValueToTensor` of tensorflow_serving/util/json_tensor.cc: which JSON value becomes an element of which type, and
 * the words for those that do not. Types that TensorFlow Serving does not convert (float16, bfloat16, uint16) are Signet's own.
 */
describe('an element', () => {
  it.each<[DType, string, number[] | bigint[]]>([
    ['float64', '[1, 2.0, 3e0, 40E-1, 0.662, -0, 0.1]', [1, 2, 3, 4, 0.662, -0, 0.1]],
    ['float64', '[NaN, Infinity, -Infinity, 1.7976931348623157e308, 5e-324]', [NaN, Infinity, -Infinity, 1.7976931348623157e308, 5e-324]],
    ['float64', '[9007199254740993, 18446744073709551616]', [9007199254740992, 18446744073709551616]],
    ['float64', '[1e-400]', [0]],
    ['float32', '[3.4028235e38, 1.7976931348623157e308, -1.7976931348623157e308]', [3.4028234663852886e38, Infinity, -Infinity]],
    ['float16', '[1, 0.5, NaN]', [1, 0.5, NaN]],
    ['bfloat16', '[1, -2.5, Infinity]', [1, -2.5, Infinity]],
    ['int8', '[-128, 127, 128, -129, 255]', [-128, 127, -128, 127, -1]],
    ['int16', '[-32768, 32767, 32768, 65536]', [-32768, 32767, -32768, 0]],
    ['uint16', '[0, 65535, 65536, -1]', [0, 65535, 0, 65535]],
    ['uint32', '[0, 4294967295, -0]', [0, 4294967295, 0]],
    ['uint64', '[0, 18446744073709551615, 9007199254740993]', [0n, 18446744073709551615n, 9007199254740993n]],
    ['complex64', '[]', []],
  ])('of %s is one of %s', (dtype, list, values) => {
    expect(Array.from(only(`{"inputs": ${list}}`, dtype).values as Float64Array)).toEqual(values);
  }); // prettier-ignore

  it.each<[DType, string, string]>([
    ['float64', '"1"', 'JSON Value: "1" Type: String is not of expected type: double'],
    ['float64', 'true', 'JSON Value: true Type: True is not of expected type: double'],
    ['float64', 'false', 'JSON Value: false Type: False is not of expected type: double'],
    ['float64', 'null', 'JSON Value: null Type: Null is not of expected type: double'],
    ['float64', '{"b64": "AA=="}', 'JSON Value: {"b64": "AA=="} Type: Object is not of expected type: double'],
    ['float64', '1e309', 'JSON Parse error: Number too big to be stored in double. at offset: 12'],
    ['float16', '"x"', 'JSON Value: "x" Type: String is not of expected type: half'],
    ['bfloat16', 'true', 'JSON Value: true Type: True is not of expected type: bfloat16'],
    ['int8', '1.0', 'JSON Value: 1.0 Type: Number is not of expected type: int8'],
    ['int8', '2147483648', 'JSON Value: 2147483648 Type: Number is not of expected type: int8'],
    ['int8', 'NaN', 'JSON Value: NaN Type: Number is not of expected type: int8'],
    ['int16', '-2147483649', 'JSON Value: -2147483649 Type: Number is not of expected type: int16'],
    ['int16', '"1"', 'JSON Value: "1" Type: String is not of expected type: int16'],
    ['uint16', '1.5', 'JSON Value: 1.5 Type: Number is not of expected type: uint16'],
    ['uint32', '-1', 'JSON Value: -1 Type: Number is not of expected type: uint32'],
    ['uint32', '4294967296', 'JSON Value: 4294967296 Type: Number is not of expected type: uint32'],
    ['uint32', '1.0', 'JSON Value: 1.0 Type: Number is not of expected type: uint32'],
    ['uint32', 'true', 'JSON Value: true Type: True is not of expected type: uint32'],
    ['uint64', '-1', 'JSON Value: -1 Type: Number is not of expected type: uint64'],
    ['uint64', '18446744073709551616', 'JSON Value: 18446744073709551616 Type: Number is not of expected type: uint64'],
    ['uint64', '1e3', 'JSON Value: 1e3 Type: Number is not of expected type: uint64'],
    ['complex64', '1', 'Conversion of JSON Value: 1 to type: complex64'],
    ['complex64', '"1+2j"', 'Conversion of JSON Value: "1+2j" to type: complex64'],
    ['complex128', 'null', 'Conversion of JSON Value: null to type: complex128'],
    ['complex128', 'true', 'Conversion of JSON Value: true to type: complex128'],
    ['complex64', '{"b64": "AA=="}', 'JSON Value: {"b64": "AA=="} Type: Object is not of expected type: complex64'],
    ['complex64', '{"re": 1}', 'JSON Value: {"re": 1} Type: Object is not of expected type: complex64'],
  ])('of %s is not %s', (dtype, text, message) => {
    expect(() => only(`{"inputs": [${text}]}`, dtype)).toThrow(expect.objectContaining({ message }));
  }); // prettier-ignore

  it('of a row is refused with its place', () => {
    const place = "Failed to process element: 1 of 'instances' list. Error: ";
    expect(() => only('{"instances": [0, -1]}', 'uint32')).toThrow(`${place}INVALID_ARGUMENT: JSON Value: -1 Type: Number`);
    const first = place.replace('1', '0');
    expect(() => only('{"instances": [0]}', 'complex64')).toThrow(`${first}UNIMPLEMENTED: Conversion of JSON Value: 0 to type: complex64`);
  }); // prettier-ignore

  it('of several named inputs in rows may be NaN and Infinity', () => {
    const { inputs } = read('{"instances": [{"i": [1], "d": NaN, "f": Infinity}, {"i": [2], "d": 2, "f": -Infinity}]}', { i: 'int32', d: 'float64', f: 'float32' });
    expect(inputs).toEqual({
      i: { dtype: 'int32', shape: [2, 1], values: Int32Array.of(1, 2) },
      d: { dtype: 'float64', shape: [2], values: Float64Array.of(NaN, 2) },
      f: { dtype: 'float32', shape: [2], values: Float32Array.of(Infinity, -Infinity) },
    });
  }); // prettier-ignore
});
