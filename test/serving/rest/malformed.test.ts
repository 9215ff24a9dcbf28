import { connect } from 'node:net';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { deflateSync, gzipSync } from 'node:zlib';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { createRandom } from '../../../src/data/dataset/random.js';
import { LenetModel } from '../../../src/models/lenet-model.js';
import { stringBytes } from '../../../src/ops/strings.js';
import { MemoryBudget } from '../../../src/serving/limits/memory-budget.js';
import { LocalModelServer } from '../../helpers/servers/local-model-server.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { gifClaiming, jpegClaiming, pngChunk, pngClaiming } from '../../helpers/data/hostile-images.js';
import { type HttpAnswer, type HttpRequest, parseAnswers, send, sendRaw } from '../../helpers/servers/http-client.js';
import { saveKinds } from '../../helpers/models/save-kinds.js';
import { serializedExamples } from '../../helpers/data/serialized-examples.js';
import { type ServedRest, serveRest, serveRestForTest } from '../../helpers/servers/serve-rest.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

const maxBodyBytes = 2 ** 20;
const predict = '/v1/models/kinds:predict';
const infer = '/v2/models/kinds/infer';
const upload = '/v1/models/lenet:classify-image';
const good = '{"inputs": [1]}';

let models: LocalModelServer;
let lenet: LocalModelServer;
/** Serves `kinds`. */
let served: ServedRest;
/** Serves `lenet`. */
let classifier: ServedRest;

beforeAll(async () => {
  const folder = await temporaryFolderForAll();
  await saveKinds(path.join(folder, 'kinds'));
  await new LenetModel({ classNames: ['a', 'b'], seed: 1 }).save(path.join(folder, 'lenet'));
  models = await LocalModelServer.load(path.join(folder, 'kinds'), 'kinds');
  lenet = await LocalModelServer.load(path.join(folder, 'lenet'), 'lenet');
  served = await serveRest(models, { maxBodyBytes, budget: new MemoryBudget((16 / 3) * maxBodyBytes) });
  classifier = await serveRest(lenet, { maxBodyBytes });
});
afterAll(async () => {
  await Promise.all([served.server.drain(), classifier.server.drain()]);
  models.dispose();
  lenet.dispose();
});

/** Whatever was sent: the server lives, has failed at nothing, and answers the next request as ever. */
afterEach(async () => {
  expect([...served.errors, ...classifier.errors]).toEqual([]);
  expect(await send(served.port, predict, { body: good })).toMatchObject({ status: 200, text: '{"outputs": [2.0]}' });
});

/** @returns The text of the error, of which there must be one. */
function refusal({ status, text, headers }: HttpAnswer, expected: number): string {
  expect([status, headers['content-type']], text).toEqual([expected, 'application/json']);
  const { error, ...others } = JSON.parse(text) as { error: unknown };
  expect(others).toEqual({});
  expect(error).toBeTypeOf('string');
  expect(error).not.toBe('');
  return error as string;
}

async function refused(status: number, route: string, request: HttpRequest | string, port = served.port) {
  return refusal(await send(port, route, typeof request === 'string' ? { body: request } : request), status);
}

describe('a body that is not JSON, or not the JSON that is asked for', () => {
  const bodies: [string, string, string][] = [
    ['nothing', '', 'The document is empty'],
    ['space', ' \n\t ', 'The document is empty.'],
    ['text', 'hello', 'Invalid value.'],
    ['a form', 'instances=1&x=2', 'Invalid value.'],
    ['XML', '<instances/>', 'Invalid value.'],
    ['a NUL', '\0', 'Invalid value.'],
    ['an open object', '{', 'Missing a name for object member.'],
    ['an open list', '{"instances": [1, 2', 'Missing a comma or ] after an array element.'],
    ['an open string', '{"instances', 'Missing a closing quotation mark in string.'],
    ['a list', '[1]', 'Is not object'],
    ['a number', '1', 'Is not object'],
    ['null', 'null', 'Is not object'],
    ['NaN', 'NaN', 'Is not object'],
    ['text in quotation marks', '"instances"', 'Is not object'],
    ['comments', '{/* x */"instances": [1]}', 'Missing a name for object member.'],
    ['keys without quotation marks', '{instances: [1]}', 'Missing a name for object member.'],
    ['single quotation marks', "{'instances': [1]}", 'Missing a name for object member.'],
    ['a comma at the end', '{"instances": [1,]}', 'Invalid value.'],
    ['a comma at the end of the object', '{"instances": [1],}', 'Missing a name for object member.'],
    ['two commas', '{"instances": [1,,2]}', 'Invalid value.'],
    ['no colon', '{"instances" [1]}', 'Missing a colon after a name of object member.'],
    ['True', '{"instances": [True]}', 'Invalid value.'],
    ['undefined', '{"instances": [undefined]}', 'Invalid value.'],
    ['a number with a leading zero', '{"instances": [01]}', 'Missing a comma or ] after an array element.'],
    ['a hexadecimal number', '{"instances": [0x1]}', 'Missing a comma or ] after an array element.'],
    ['a number with a plus', '{"instances": [+1]}', 'Invalid value.'],
    ['a number with nothing after its point', '{"instances": [1.]}', 'Miss fraction part in number.'],
    ['a number with nothing after its e', '{"instances": [1e]}', 'Miss exponent in number.'],
    ['1e400', '{"instances": [1e400]}', 'Number too big to be stored in double.'],
    ['an integer of 500,000 digits', `{"instances": [${'9'.repeat(500_000)}]}`, 'Number too big to be stored in double.'],
    ['a line break in a string', '{"insta\nnces": [1]}', 'Invalid encoding in string.'],
    ['an unknown escape', '{"insta\\xnces": [1]}', 'Invalid escape character in string.'],
    ['half a surrogate pair', '{"\\ud800": [1]}', 'The surrogate pair in string is invalid.'],
    ['a bad escape of four digits', '{"\\uzzzz": [1]}', 'Incorrect hex digit after \\u escape in string.'],
    ['500,000 open lists', `{"instances": ${'['.repeat(500_000)}`, 'Invalid value.'],
    ['150,000 open objects', `{"instances": ${'{"a":'.repeat(150_000)}`, 'Invalid value.'],
    ['500,000 closing brackets', `{"instances": ${']'.repeat(500_000)}`, 'Invalid value.'],
    ['lists 200,000 deep', `{"instances": ${'['.repeat(200_000)}1${']'.repeat(200_000)}}`, 'Lists are nested deeper than 254 levels'],
    ['lists 200,000 deep in a column', `{"inputs": ${'['.repeat(200_000)}1${']'.repeat(200_000)}}`, 'Lists are nested deeper than 254 levels'],
    ['objects 100,000 deep', `{"inputs": [${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}]}`, 'Type: Object is not of expected type: float'],
    ['UTF-16', Buffer.from('{"instances": [1]}', 'utf16le').toString('latin1'), 'Missing a name for object member.'],
  ]; // prettier-ignore
  it.each(bodies)('%s', async (_, body, error) => {
    expect(await refused(400, predict, body)).toContain(error);
  });

  it.each(['/v1/models/kinds:regress', infer])('for %s', async (route) => {
    for (const [, body] of bodies) await refused(400, route, body);
  });

  it('that was cut off anywhere', async () => {
    const body = '{"signature_name": "echo", "instances": [{"i": 1, "b": true, "s": {"b64": "YQ=="}}]}';
    expect((await send(served.port, predict, { body })).status).toBe(200);
    for (let length = 0; length < body.length; length += 1) await refused(400, predict, body.slice(0, length));
  });

  it('with any bit flipped: answered with JSON', async () => {
    const body = Buffer.from('{"instances": [{"x": 1.5}, {"x": -2e1}]}');
    for (let bit = 0; bit < body.length * 8; bit += 1) {
      const flipped = Buffer.from(body);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const { status, text } = await send(served.port, predict, { body: flipped });
      expect([status, Object.keys(JSON.parse(text) as object)]).toBeOneOf([
        [200, ['predictions']],
        [400, ['error']],
      ]);
    }
  });

  it('but bytes', async () => {
    const random = createRandom(3);
    for (let length = 1; length <= 40; length += 1) {
      await refused(400, predict, { body: Buffer.from(Array.from({ length }, () => 128 + random() * 128)) });
    }
  });
});

describe('inputs that are not those of the signature', () => {
  it.each<[string, string]>([
    ['{}', "Missing 'inputs' or 'instances' key"],
    ['{"instances": [1], "inputs": [1]}', 'expecting only one of'],
    ['{"instances": 1}', "Expecting 'instances' to be an list/array"],
    ['{"instances": {"x": 1}}', "Expecting 'instances' to be an list/array"],
    ['{"instances": []}', "No values in 'instances' array"],
    ['{"instances": [[]]}', 'The input "x" accepts float32[?]. Received: float32[1, 0].'],
    ['{"instances": [[1]]}', 'The input "x" accepts float32[?]. Received: float32[1, 1].'],
    ['{"instances": ["1"]}', 'Type: String is not of expected type: float'],
    ['{"instances": [null]}', 'Type: Null is not of expected type: float'],
    ['{"instances": [true]}', 'Type: True is not of expected type: float'],
    ['{"instances": [{"b64": "AAAA"}]}', 'Type: Object is not of expected type: float'],
    ['{"instances": [1, [2]]}', 'Expecting shape [] but got: [1]'],
    ['{"instances": [[1], [2, 3]]}', 'Expecting tensor size: 1 but got: 2'],
    ['{"instances": [{"x": 1}, 2]}', 'Expecting object but got list at item 1 of input list'],
    ['{"instances": [1, {"x": 2}]}', 'Expecting value/list but got object at item 1 of input list'],
    ['{"instances": [{"y": 1}]}', 'JSON object: does not have named input: y'],
    ['{"instances": [{"x": 1, "y": 1}]}', 'JSON object: does not have named input: y'],
    ['{"instances": [{"x": 1, "x": 1}]}', 'The key occurs twice.'],
    ['{"instances": [{"__proto__": 1}]}', 'does not have named input: __proto__'],
    ['{"instances": [{"constructor": 1}]}', 'does not have named input: constructor'],
    ['{"inputs": {"__proto__": [1]}}', "Missing named input: x in 'inputs' object."],
    ['{"inputs": {"constructor": [1]}}', "Missing named input: x in 'inputs' object."],
    ['{"inputs": {}}', "Missing named input: x in 'inputs' object."],
    ['{"inputs": 1}', 'The input "x" accepts float32[?]. Received: float32[].'],
    ['{"inputs": [[1, 2], [3]]}', 'Encountered list at unexpected size: 1 at level: 1 expected size: 2'],
    ['{"inputs": [1, [2]]}', 'Encountered list at unexpected level: 1 expected < 1'],
    ['{"inputs": [[1], 2]}', 'found at incorrect level: 2 in the JSON DOM'],
    [`{"inputs": ["${'x'.repeat(500_000)}"]}`, `JSON Value: "${'x'.repeat(199)}... Type: String`],
    ['{"signature_name": 1, "inputs": [1]}', "'signature_name' key must be a string value."],
    ['{"signature_name": {}, "inputs": [1]}', "'signature_name' key must be a string value."],
    ['{"signature_name": "serving_default\\u0000", "inputs": [1]}', 'not found in signature def'],
    ['{"signature_name": "rate", "instances": [1]}', 'Type: Number is not of expected type: string'],
    ['{"signature_name": "echo", "instances": [1]}', 'expecting list of objects'],
    ['{"signature_name": "echo", "instances": [{"b64": "AA=="}]}', 'expecting list of objects'],
    ['{"signature_name": "echo", "instances": [{"i": 1.0, "b": true, "s": ""}]}', 'JSON Value: 1.0 Type: Number is not of expected type: int32'],
    ['{"signature_name": "echo", "instances": [{"i": 2147483648, "b": true, "s": ""}]}', 'is not of expected type: int32'],
    ['{"signature_name": "echo", "instances": [{"i": 1e400, "b": true, "s": ""}]}', 'Number too big'],
    ['{"signature_name": "echo", "instances": [{"i": 1, "b": 1, "s": ""}]}', 'Type: Number is not of expected type: bool'],
    ['{"signature_name": "echo", "instances": [{"i": 1, "b": true, "s": 1}]}', 'Type: Number is not of expected type: string'],
    ['{"signature_name": "echo", "instances": [{"i": 1, "b": true, "s": {"b64": "@@"}}]}', 'Unable to base64 decode'],
    ['{"signature_name": "echo", "instances": [{"i": 1, "b": true, "s": {"b64": "_-8="}}]}', 'Unable to base64 decode'],
    ['{"signature_name": "echo", "instances": [{"i": 1, "b": true, "s": {"b64": "A"}}]}', 'Unable to base64 decode'],
    ['{"signature_name": "echo", "instances": [{"i": 1, "b": true, "s": {"b64": 1}}]}', 'not formatted correctly for base64 data'],
    ['{"signature_name": "echo", "instances": [{"i": 1, "b": true, "s": {"b64": "", "x": 1}}]}', 'not formatted correctly for base64 data'],
    ['{"signature_name": "echo", "inputs": {"i": [1], "b": [true]}}', "Missing named input: s in 'inputs' object."],
    ['{"signature_name": "echo", "inputs": {"i": [1, 2], "b": [[true]], "s": [""]}}', 'The input "b" accepts bool[?]. Received: bool[1, 1].'],
  ])('%.80s', async (body, error) => {
    expect(await refused(400, predict, body)).toContain(error);
  }); // prettier-ignore

  const tensor = (rest: string) => `{"inputs": [{"name": "x", "datatype": "FP32", ${rest}}]}`;
  it.each<[string, string]>([
    ['{}', 'The request needs "inputs"'],
    ['{"inputs": {}}', 'The request needs "inputs"'],
    ['{"inputs": [null]}', 'An input needs "name"'],
    ['{"inputs": [{"name": "__proto__"}]}', 'There is no input "__proto__". Expected: x.'],
    ['{"inputs": [{"name": "constructor"}]}', 'There is no input "constructor". Expected: x.'],
    ['{"inputs": [{"name": "x", "datatype": "FP16", "shape": [1], "data": [1]}]}', 'The input "x" is FP32. Received: FP16.'],
    [tensor('"shape": [-1], "data": [1]'), 'needs a "shape"'],
    [tensor('"shape": [1.5], "data": [1]'), 'needs a "shape"'],
    [tensor('"shape": [1e3], "data": [1]'), 'needs a "shape"'],
    [tensor('"shape": "1", "data": [1]'), 'needs a "shape"'],
    [tensor(`"shape": [${'1,'.repeat(254)}1], "data": [1]`), 'needs a "shape"'],
    // The body that ended Triton's process, triton#1649: all that is wrong with it.
    ['{"inputs": [{"name": "bytes", "shape": "-1", "datatype": "STRING", "data": [{"b64": "aGk="}]}]}', 'lists them. There is no datatype STRING. Expected: FP32, FP64, FP16, BF16, INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64, BOOL, COMPLEX64, COMPLEX128, BYTES. The input "bytes" needs a "shape", a list of at most 254 whole numbers from 0.'],
    [tensor('"shape": [9007199254740993], "data": [1]'), 'needs a "shape"'],
    [tensor('"shape": [2147483648], "data": [1]'), 'has more than 16777216 elements'],
    [tensor('"shape": [4294967296, 4294967296], "data": []'), 'has more than 16777216 elements'],
    [tensor('"shape": [4294967296, 4294967296, 0], "data": []'), 'has more than 16777216 elements'],
    [tensor('"shape": [16777216], "data": [1]'), 'Expected: 16777216 values for [16777216].'],
    [tensor('"shape": [2], "data": [1, 2, 3]'), 'Expected: 2 values for [2].'],
    [tensor('"shape": [1], "data": {}'), 'The data of "x" is of shape [].'],
    [tensor('"shape": [1], "data": ["1"]'), 'Type: String is not of expected type: float'],
    [tensor('"shape": [1]'), 'The input "x" has no "data".'],
    [tensor('"shape": [1], "data": [1]').replace('{', '{"outputs": 1, '), '"outputs" is a list'],
    [tensor('"shape": [1], "data": [1]').replace('{', '{"outputs": [{"name": "__proto__"}], '), 'output tensor alias not found in signature: __proto__ Outputs'],
    [tensor('"shape": [1], "data": [1]').replace('{', '{"parameters": {"signature_name": "toString"}, '), 'not found in signature def'],
    [tensor('"shape": [1], "data": [1]').replace('{', '{"parameters": {"signature_name": 5}, '), '"signature_name" is a string. Received: 5'],
    [tensor('"shape": [1], "data": [1]').replace('{', '{"id": {}, '), '"id" is a string. Received: {}'],
  ])('Open Inference: %.80s', async (body, error) => {
    expect(await refused(400, infer, body)).toContain(error);
  }); // prettier-ignore

  it.each<[string, string]>([
    ['{"signature_name": "rate", "examples": 1}', "Expecting 'examples' value to be an list/array"],
    ['{"signature_name": "rate", "examples": []}', 'is an empty array'],
    ['{"signature_name": "rate", "examples": [null]}', 'Example must be JSON object but got JSON Null'],
    ['{"signature_name": "rate", "examples": [{}], "context": 1}', 'Example must be JSON object but got JSON Number'],
    ['{"signature_name": "rate", "examples": [{"age": null}]}', 'unexpected JSON type: Null'],
    ['{"signature_name": "rate", "examples": [{"age": [[1]]}]}', 'unexpected JSON type: Array'],
    ['{"signature_name": "rate", "examples": [{"age": [1.5, "x"]}]}', 'Unexpected element type in feature: age expecting type: float'],
    ['{"signature_name": "rate", "examples": [{"age": 18446744073709551615}]}', 'has uint64_t element'],
    ['{"signature_name": "rate", "examples": [{"age": "x"}]}', 'age'],
    ['{"signature_name": "rate", "examples": [{"age": [1.5, 2.5]}]}', 'age'],
    [`{"signature_name": "rate", "context": {"x": "${'x'.repeat(500_000)}"}, "examples": [${'{},'.repeat(100)}{}]}`, 'Input is too large'],
    ['{"examples": [{}]}', 'Expected regression signature method_name to be tensorflow/serving/regress.'],
    ['{"signature_name": "constructor", "examples": [{}]}', 'No signature was found with the name: constructor'],
  ])(':regress: %.80s', async (body, error) => {
    expect(await refused(400, '/v1/models/kinds:regress', body)).toContain(error);
  }); // prettier-ignore
});

describe('names of what is not there', () => {
  const names = [
    ...['foo', '../kinds', '../../etc/passwd', '/etc/passwd', 'kinds/', 'kinds/../kinds', 'C:\\kinds', 'kinds\0'],
    ...['%2e%2e%2f', '__proto__', 'constructor', 'toString', 'KINDS', ' kinds', 'kinds\n', '😀', '\u202ekinds'],
    ...['.', '..', 'kinds:predict', 'a'.repeat(3900), '"', '<script>'],
  ];
  it.each(names.map((name) => [JSON.stringify(name).slice(0, 30), name]))('%s', async (_, name) => {
    const encoded = name === '.' || name === '..' ? name.replaceAll('.', '%2e') : encodeURIComponent(name);
    for (const [route, body] of [
      [`/v1/models/${encoded}:predict`, good],
      [`/v1/models/${encoded}/versions/1:predict`, good],
      [`/v1/models/${encoded}:classify`, '{"examples": [{}]}'],
      [`/v1/models/${encoded}:regress`, '{"examples": [{}]}'],
      [`/v1/models/${encoded}:classify-image`, 'x'],
      [`/v2/models/${encoded}/infer`, '{"inputs": []}'],
    ] as const) {
      expect(await refused(404, route, body)).toContain(`Servable not found for request: `);
    }
    for (const route of [`/v1/models/${encoded}`, `/v1/models/${encoded}/versions/1`]) {
      expect(await refused(404, route, {})).toMatch(/^Could not find /);
    }
    for (const route of [`/v1/models/${encoded}/metadata`, `/v2/models/${encoded}`, `/v2/models/${encoded}/ready`]) {
      await refused(404, route, {});
    }
    expect(await refused(400, `/v1/models/kinds/labels/${encoded}:predict`, good)).toBe(`Unrecognized servable version label: ${name}`); // prettier-ignore
    expect(await refused(400, predict, JSON.stringify({ signature_name: name, inputs: [1] }))).toBe(`Serving signature name: "${name}" not found in signature def`); // prettier-ignore
    expect(await refused(400, predict, JSON.stringify({ instances: [{ [name]: 1, x: 1 }] }))).toContain('does not have named input'); // prettier-ignore
  });

  it.each([
    ['/v1/models/../../etc/passwd:predict', 400],
    ['/v1/models/kinds/../kinds:predict', 400],
    ['/v1/models/kinds/versions/../1:predict', 400],
    ['/v1/models/kinds/versions/1/labels/x:predict', 400],
    ['/v1/models/kinds/versions/99999999999999999999:predict', 400],
    [`/v1/models/kinds/versions/${'9'.repeat(10_000)}:predict`, 400],
    ['/v1/models/kinds/versions/0x1:predict', 400],
    ['/v1/models/kinds/versions/:predict', 400],
    ['/v1/models/kinds/labels/:predict', 400],
    ['/v1/models/%:predict', 400],
    ['/v1/models/%2:predict', 400],
    ['/v1/models/%c3%28:predict', 400],
    ['/v1/models/%ff:predict', 400],
    ['/v2/models/%zz/infer', 400],
    ['/v1/models//:predict', 400],
    ['/v1//models/kinds:predict', 400],
    ['/v2/models//infer', 404],
    ['/v2/models/kinds/versions/x/infer', 404],
    ['/../etc/passwd', 404],
    ['/page/../../../../etc/passwd', 404],
    ['/page/%2e%2e/%2e%2e/package.json', 404],
    ['//etc/passwd', 404],
    ['/__proto__', 404],
    ['/healthz/', 404],
    ['*', 404],
    ['http://169.254.169.254/latest', 404],
  ])('the path %.60s is %d', async (route, status) => {
    await refused(status, route, { body: good });
  });

  it.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'LOCK'])('the method %s', async (method) => {
    expect(await refused(400, predict, { method })).toBe(`Malformed request: ${method} ${predict}`);
    expect(await refused(405, infer, { method })).toBe(`${infer} answers POST. Received: ${method}.`);
  });
});

describe('an image that is none, or hostile', () => {
  const bytes = (image: Uint8Array) => ({ b64: Buffer.from(image).toString('base64') });
  const byBytes = (image: Uint8Array) => JSON.stringify({ signature_name: 'serving_bytes', instances: [bytes(image)] });
  const byText = (image: Uint8Array) =>
    JSON.stringify({
      signature_name: 'serving_base64',
      instances: [{ image: Buffer.from(image).toString('base64url') }],
    });
  const byExample = (image: Uint8Array) =>
    JSON.stringify({ signature_name: 'serving_classify', examples: [{ 'image/encoded': bytes(image) }] });
  const bySerialized = (image: Uint8Array) =>
    JSON.stringify({
      signature_name: 'serving_classify',
      instances: [bytes(stringBytes(serializedExamples([{ 'image/encoded': image }]))[0] ?? Buffer.of())],
    });
  const predictLenet = '/v1/models/lenet:predict';
  const boundary = { 'Content-Type': 'multipart/form-data; boundary=b' };
  const part = (content: string, name = 'image', file = '; filename="a.png"') =>
    `--b\r\nContent-Disposition: form-data; name="${name}"${file}\r\nContent-Type: image/png\r\n\r\n${content}\r\n`;
  /** Every way by which an image comes to the model. */
  const ways: [string, (image: Uint8Array) => string | Uint8Array, string][] = [
    [predictLenet, byBytes, 'as bytes'],
    [predictLenet, byText, 'as base64 text'],
    ['/v1/models/lenet:classify', byExample, 'in a tf.Example'],
    [predictLenet, bySerialized, 'in a serialized tf.Example'],
    [upload, (image) => image, 'as an upload'],
  ]; // prettier-ignore

  it.each(ways.map(([route, make, name]) => [name, route, make] as const))('claiming too many pixels, %s', async (_, route, make) => {
    for (const image of [
      await pngClaiming(65_535, 65_535),
      await pngClaiming(2 ** 31 - 1, 2 ** 31 - 1),
      await pngClaiming(65_535, 65_535, pngChunk('abCd', Buffer.alloc(13))),
      await jpegClaiming(65_535, 65_535),
      await jpegClaiming(65_535, 65_535, Buffer.of(0xff, 0x01)),
      gifClaiming([1, 1], [65_535, 65_535]),
    ]) {
      const error = await refused(413, route, { body: make(image) }, classifier.port);
      expect(error).toMatch(/^An image would be [\d,.]+ megapixels when decoded; the server takes 50 megapixels. Send smaller ones.$/);
    }
  }); // prettier-ignore

  it('of which many together claim too many pixels, in a form too', async () => {
    const together = 'The images of the request together would be 245 megapixels when decoded; the server takes 200 megapixels. Send smaller ones.';
    const image = await pngClaiming(7000, 7000);
    const body = JSON.stringify({ signature_name: 'serving_bytes', instances: Array.from({ length: 5 }, () => bytes(image)) });
    expect(await refused(413, predictLenet, body, classifier.port)).toBe(together);
    const parts = Array.from({ length: 5 }, () => part(image.toString('latin1'))).join('');
    const form = Buffer.from(`${parts}--b--\r\n`, 'latin1');
    expect(await refused(413, upload, { headers: boundary, body: form }, classifier.port)).toBe(together);
  }); // prettier-ignore

  it('leaves good ones beside it in a form, though it claims too many pixels', async () => {
    const [large, fine] = [await pngClaiming(65_535, 65_535), await pngClaiming(20, 10)];
    const parts = [large, fine].map((image) => part(image.toString('latin1'))).join('');
    const body = Buffer.from(`${parts}--b--\r\n`, 'latin1');
    const { status, text } = await send(classifier.port, upload, { headers: boundary, body });
    const { predictions } = JSON.parse(text) as { predictions: object[] };
    expect([status, predictions.map((each) => Object.keys(each))]).toEqual([200, [['file', 'error'], ['file', 'classes']]]);
  }); // prettier-ignore

  it.each<[string, () => Promise<Uint8Array> | Uint8Array]>([
    ['text', () => Buffer.from('no image')],
    ['zeros', () => Buffer.alloc(1000)],
    ['a PNG signature alone', () => Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')],
    ['a PNG that is cut off in its header', async () => (await pngClaiming(20, 10)).subarray(0, 20)],
    ['a PNG that is cut off in its pixels', async () => (await pngClaiming(20, 10)).subarray(0, 60)],
    ['a PNG that claims more pixels than it has', () => pngClaiming(2000, 1000)],
    ['a PNG without pixels', () => pngClaiming(0, 0)],
    ['a JPEG that is cut off in its header', async () => (await jpegClaiming(20, 10)).subarray(0, 30)],
    ['a JPEG without lines', () => jpegClaiming(20, 0)],
    ['a JPEG of markers alone', () => Buffer.concat([Buffer.of(0xff, 0xd8), Buffer.alloc(100_000, 0xff)])],
    ['a GIF that is cut off', () => gifClaiming([10, 10]).subarray(0, 25)],
    ['a BMP that is cut off', () => Buffer.concat([Buffer.from('BM'), Buffer.alloc(60)])],
    ['WebP', () => Buffer.from('RIFF\0\0\0\0WEBPVP8 ', 'latin1')],
    ['SVG', () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
  ])('%s, by every way', async (_, make) => {
    const image = await make();
    for (const [route, body] of ways) await refused(400, route, { body: body(image) }, classifier.port);
  });

  it.each<[string, Record<string, string>, string, string]>([
    ['without a boundary', { 'Content-Type': 'multipart/form-data' }, part('x'), 'The form cannot be read'],
    ['with nothing', boundary, '', 'The form cannot be read'],
    ['with another boundary', boundary, part('x').replaceAll('--b', '--c'), 'The form cannot be read'],
    ['that never ends', boundary, part('x'), 'The form cannot be read'],
    ['with no file', boundary, `${part('x', 'image', '')}--b--\r\n`, 'The form has no file.'],
    ['with text for an image', boundary, `${part('hello')}--b--\r\n`, 'Expected a JPEG, PNG, GIF, BMP, WebP, AVIF or TIFF image. Received: text.'],
    ['with a part without head', boundary, '--b\r\n\r\nx\r\n--b--\r\n', 'The form cannot be read: Malformed part header.'],
    ['with 300 files', boundary, `${part('hello').repeat(300)}--b--\r\n`, 'The form has more than 256 files.'],
    ['with a head of 500 KB', boundary, `--b\r\nContent-Disposition: form-data; name="${'x'.repeat(500_000)}"\r\n\r\nx\r\n--b--\r\n`, 'The form'],
    ['in a form of another kind', { 'Content-Type': 'application/x-www-form-urlencoded' }, 'image=x', 'Expected a JPEG, PNG, GIF, BMP, WebP, AVIF or TIFF image.'],
  ])('in a form %s', async (_, headers, body, error) => {
    expect(await refused(400, upload, { headers, body }, classifier.port)).toContain(error);
  }); // prettier-ignore
});

describe('a body that is too large, or coded', () => {
  const gzip = { 'Content-Encoding': 'gzip' };
  const tooLarge = "The body is larger than 1 MiB, the server's limit. Send fewer or smaller inputs in a request.";
  const body = Buffer.alloc(maxBodyBytes + 1, ' ');

  it.each([predict, infer, '/v1/models/kinds:regress'])('for %s', async (route) => {
    expect(await refused(413, route, { body })).toBe(tooLarge);
    expect(await refused(413, route, { body, headers: { 'Transfer-Encoding': 'chunked' } })).toBe(tooLarge);
    const bomb = gzipSync(Buffer.alloc(64 * maxBodyBytes, ' '));
    expect(bomb.length).toBeLessThan(maxBodyBytes / 8);
    expect(await refused(413, route, { body: bomb, headers: gzip })).toBe(tooLarge);
    const barely = Buffer.concat([Buffer.from(good), body]).subarray(0, maxBodyBytes);
    expect((await send(served.port, route, { body: barely })).status).not.toBe(413);
    expect((await send(served.port, route, { body: gzipSync(barely), headers: gzip })).status).not.toBe(413);
  });

  it('in a bomb within a bomb: one layer is taken off', async () => {
    const bomb = gzipSync(gzipSync(Buffer.alloc(100 * maxBodyBytes, ' ')));
    await refused(400, predict, { body: bomb, headers: gzip });
  });

  it('is refused by its announced length, without being sent', async () => {
    for (const length of [maxBodyBytes + 1, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
      const head = `POST ${predict} HTTP/1.1\r\nContent-Length: ${length}\r\n\r\n`;
      expect(await firstAnswer(served.port, head)).toMatchObject({ status: 413, body: expect.stringContaining('The body is larger than 1 MiB') as string }); // prettier-ignore
    }
  });

  it('is refused at its announced length in an upload', async () => {
    await refused(413, upload, { body }, classifier.port);
  });

  it.each<[string, string, Uint8Array, number, RegExp]>([
    ['gzip that is none', 'gzip', Buffer.from(good), 400, /^The body is not in gzip's format: /],
    ['gzip that is cut off', 'gzip', gzipSync(good).subarray(0, -5), 400, /^The body is not in gzip's format: /],
    ['gzip with a wrong checksum', 'gzip', Buffer.concat([gzipSync(good).subarray(0, -8), Buffer.alloc(8)]), 400, /^The body is not in gzip's format: /],
    ['gzip of nothing', 'gzip', gzipSync(''), 400, /^JSON Parse error: The document is empty/],
    ['nothing as gzip', 'gzip', Buffer.of(), 400, /./],
    ['zlib as gzip', 'gzip', deflateSync(good), 400, /^The body is not in gzip's format: /],
    ['deflate', 'deflate', deflateSync(good), 415, /^Content-Encoding deflate is not supported. Send gzip, or none.$/],
    ['br', 'br', Buffer.from(good), 415, /^Content-Encoding br is not supported/],
    ['gzip twice', 'gzip, gzip', gzipSync(gzipSync(good)), 415, /^Content-Encoding gzip, gzip is not supported/],
    ['an unknown coding', '__proto__', Buffer.from(good), 415, /^Content-Encoding __proto__ is not supported/],
  ])('%s', async (_, coding, content, status, error) => {
    expect(await refused(status, predict, { body: content, headers: { 'Content-Encoding': coding } })).toMatch(error);
  }); // prettier-ignore
});

describe('what is not HTTP', () => {
  const post = (headers: string, body = '') => `POST ${predict} HTTP/1.1\r\n${headers}\r\n\r\n${body}`;
  it.each<[string, string | Uint8Array, number]>([
    ['text', 'hello\r\n\r\n', 400],
    ['a line feed', '\n\nhello\n\n', 400],
    ['zeros', Buffer.alloc(100), 400],
    ['high bytes', Buffer.alloc(100, 0xff), 400],
    ['the hello of TLS', Buffer.from('16030100c8010000c403030000', 'hex'), 400],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['HTTP/9.9', 'GET / HTTP/9.9\r\n\r\n', 400],
    ['HTTP/0.9', 'GET /nothing\r\n\r\n', 404],
    ['gRPC-like frames', Buffer.from('0000000000000000', 'hex'), 400],
    ['an unknown method', 'BREW /coffee HTTP/1.1\r\n\r\n', 400],
    ['a method in lower case', `get /healthz HTTP/1.1\r\n\r\n`, 400],
    ['no path', 'GET HTTP/1.1\r\n\r\n', 400],
    ['a space in the path', 'GET /a b HTTP/1.1\r\n\r\n', 400],
    ['a control character in the path', 'GET /\x01 HTTP/1.1\r\n\r\n', 400],
    ['a header without a colon', 'GET / HTTP/1.1\r\nheader\r\n\r\n', 400],
    ['a header with a space in its name', 'GET / HTTP/1.1\r\na b: c\r\n\r\n', 400],
    ['a header without a name', 'GET / HTTP/1.1\r\n: c\r\n\r\n', 400],
    ['a header with a NUL', 'GET / HTTP/1.1\r\na: \0\r\n\r\n', 400],
    ['a header of 20 KB', `GET / HTTP/1.1\r\na: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['10,000 headers', `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(10_000)}\r\n`, 431],
    ['a path of 20 KB', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`, 431],
    ['a negative length', post('Content-Length: -1'), 400],
    ['a length in words', post('Content-Length: ten'), 400],
    ['a length beyond 2^64', post('Content-Length: 99999999999999999999'), 400],
    ['two lengths', post('Content-Length: 5\r\nContent-Length: 6'), 400],
    ['a list of lengths', post('Content-Length: 5, 5'), 400],
    ['a length and chunks', post('Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n'), 400],
    ['an unknown transfer coding', post('Transfer-Encoding: magic'), 400],
    ['chunks that are not last', post('Transfer-Encoding: chunked, gzip'), 400],
    ['a chunk of unknown length', post('Transfer-Encoding: chunked', 'xyz\r\n'), 400],
    ['a chunk of negative length', post('Transfer-Encoding: chunked', '-1\r\n'), 400],
    ['a chunk beyond 2^64', post('Transfer-Encoding: chunked', 'fffffffffffffffff\r\n'), 400],
    ['a chunk that is longer than it says', post('Transfer-Encoding: chunked', '1\r\n{"a": 1}\r\n0\r\n\r\n'), 400],
    ['an extension of a chunk of 20 KB', post('Transfer-Encoding: chunked', `1;${'x'.repeat(20_000)}\r\n`), 413],
    ['a proxy request', 'CONNECT example.com:443 HTTP/1.1\r\n\r\n', 405],
  ])('%s', async (_, bytes, status) => {
    const [answer] = parseAnswers(await sendRaw(served.port, bytes));
    expect(answer?.status).toBe(status);
    expect(answer?.head).toMatch(/^Content-Type: application\/json$/im);
    expect(JSON.parse(answer?.body ?? '')).toEqual({ error: expect.stringMatching(/./) as string });
  }); // prettier-ignore

  it.each<[string, string]>([
    ['in its first line', 'GET /heal'],
    ['in its headers', 'GET /healthz HTTP/1.1\r\nHost: a'],
    ['in its body', post('Content-Length: 100', good)],
    ['in its chunks', post('Transfer-Encoding: chunked', '5\r\n{"inp')],
    ['before its last chunk', post('Transfer-Encoding: chunked', `${good.length.toString(16)}\r\n${good}\r\n`)],
  ])('a request that its client ends %s', async (_, bytes) => {
    const [answer] = parseAnswers(await sendRaw(served.port, bytes, true));
    expect([answer?.status, answer?.body]).toEqual([400, '{"error":"The request ends too early."}']);
  });

  it('an upgrade, an unknown expectation, and what else is only unknown, is a request as any other', async () => {
    for (const header of ['Connection: Upgrade\r\nUpgrade: websocket', 'Expect: a-miracle', 'Range: bytes=0-1', 'X: \xff']) {
      const bytes = `POST ${predict} HTTP/1.1\r\n${header}\r\nContent-Length: ${good.length}\r\n\r\n${good}`;
      expect(await firstAnswer(served.port, Buffer.from(bytes, 'latin1'))).toMatchObject({ status: 200, body: '{"outputs": [2.0]}' });
    }
  }); // prettier-ignore

  it('garbage after requests', async () => {
    const request = `POST ${predict} HTTP/1.1\r\nContent-Length: ${good.length}\r\n\r\n${good}`;
    const answers = parseAnswers(await sendRaw(served.port, `${request}${request}garbage\r\n\r\n`));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 400]);
  });

  it('random bytes', async () => {
    const random = createRandom(9);
    for (let i = 0; i < 50; i += 1) {
      const bytes = Buffer.from(Array.from({ length: 1 + random() * 200 }, () => random() * 256));
      for (const answer of parseAnswers(await sendRaw(served.port, bytes, true))) {
        expect(answer.status).toBe(400);
        expect(JSON.parse(answer.body)).toHaveProperty('error');
      }
    }
  });
});

describe('a client that is slow', () => {
  const timeouts = { head: 300, request: 600, idle: 300, answer: 600 };
  it.each<[string, string]>([
    ['in the first line', 'GET /heal'],
    ['in the headers', 'GET /healthz HTTP/1.1\r\nHost: a\r\n'],
    ['in the body', `POST ${predict} HTTP/1.1\r\nContent-Length: 100\r\n\r\n{`],
    ['in a gzip body', `POST ${predict} HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n\x1f`],
    ['in its chunks', `POST ${predict} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"inp\r\n`],
    ['in an upload', `POST /v1/models/kinds:classify-image HTTP/1.1\r\nContent-Length: 100\r\n\r\nx`],
  ])('%s is answered 408', async (_, bytes) => {
    const { port, errors } = await serveRestForTest(models, { clientTimeouts: timeouts });
    const [answer] = parseAnswers(await sendRaw(port, Buffer.from(bytes, 'latin1')));
    expect([answer?.status, answer?.body]).toEqual([408, '{"error":"The request did not arrive in time."}']);
    expect(errors).toEqual([]);
  });

  it('drop by drop is answered 408 as well', async () => {
    const { port } = await serveRestForTest(models, { clientTimeouts: timeouts });
    const socket = connect(port, '127.0.0.1');
    const received = new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (data) => (text += String(data)));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text));
    });
    socket.write(`POST ${predict} HTTP/1.1\r\nContent-Length: 100000\r\n\r\n`);
    const dropping = setInterval(() => socket.write(' '), 20);
    expect(parseAnswers(await received)[0]?.status).toBe(408);
    clearInterval(dropping);
  });

  it('and says nothing more is let go', async () => {
    const { port } = await serveRestForTest(models, { clientTimeouts: timeouts });
    const answers = parseAnswers(await sendRaw(port, 'GET /healthz HTTP/1.1\r\n\r\n'));
    expect(answers.map(({ status }) => status)).toEqual([200]);
  });
});

describe('memory', () => {
  /** Sends most of a body of the largest size; settles when the server has read it. */
  async function occupy(port: number) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`POST ${predict} HTTP/1.1\r\nConnection: close\r\nContent-Length: ${maxBodyBytes}\r\n\r\n`);
    const most = Buffer.alloc(maxBodyBytes - good.length, ' ');
    await new Promise<void>((resolve) => socket.write(most, () => resolve()));
    await turns(200);
    return {
      leave: () => socket.destroy(),
      finish: () =>
        new Promise<number>((resolve) => {
          socket.once('data', (data: Buffer) => resolve(parseAnswers(data.toString())[0]?.status ?? 0));
          socket.write(good);
        }),
    };
  }
  const large = { body: Buffer.concat([Buffer.from(good), Buffer.alloc(maxBodyBytes - good.length, ' ')]) };
  /** So many requests of the largest size are answered at once; asks until the server has seen who has left. */
  const untilFree = async (count: number) => {
    for (;;) {
      const answers = await Promise.all(Array.from({ length: count }, () => send(served.port, predict, large)));
      if (answers.every(({ status }) => status === 200)) return;
    }
  };

  it('for all bodies together is limited: who comes too late is answered 429', async () => {
    const first = await occupy(served.port);
    const second = await occupy(served.port);
    const answer = await send(served.port, predict, large);
    expect(answer.headers['retry-after']).toBe('1');
    expect(refusal(answer, 429)).toBe(
      'The requests of your address would take more than 2 MiB, its share of the server. Try again later.',
    );
    expect(await first.finish()).toBe(200);
    await untilFree(1);
    second.leave();
    await untilFree(2);
  });

  it('comes back from clients that leave at any time', async () => {
    const zipped = gzipSync(large.body);
    const head = `POST ${predict} HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: ${zipped.length}\r\n\r\n`;
    for (let i = 0; i < 60; i += 1) {
      const socket = connect(served.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await new Promise<void>((resolve) => socket.write(Buffer.concat([Buffer.from(head), zipped]), () => resolve()));
      // All of it has come, but it is still to be inflated.
      await turns(i % 20);
      socket.resetAndDestroy();
    }
    for (let i = 0; i < 10; i += 1) (await occupy(served.port)).leave();
    await untilFree(2);
  });

  it('comes back from requests of every kind', async () => {
    const bomb = gzipSync(Buffer.alloc(8 * maxBodyBytes, ' '));
    const image = await pngClaiming(65_535, 65_535);
    const long = 'x'.repeat(900_000);
    const round = async () => {
      await send(served.port, predict, { body: bomb, headers: { 'Content-Encoding': 'gzip' } });
      await send(served.port, predict, { body: `{"instances": [${'1,'.repeat(100_000)}[]]}` });
      await send(served.port, predict, { body: `{"inputs": ${'['.repeat(200_000)}` });
      await send(served.port, infer, { body: `{"inputs": [{"name": "${long}"}]}` });
      await send(served.port, predict, { body: Buffer.alloc(maxBodyBytes + 1) });
      await send(classifier.port, upload, { body: image });
      await sendRaw(served.port, `POST ${predict} HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n${long}`, true);
    };
    for (let i = 0; i < 5; i += 1) await round();
    const [before, tensors] = [await memory(), tf.memory().numTensors];
    for (let i = 0; i < 30; i += 1) await round();
    // Bodies that were kept would be 30 MB and more of each kind.
    expect((await memory()) - before).toBeLessThan(15e6);
    expect(tf.memory().numTensors).toBe(tensors);
  });
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Lets the event loop, which is the server's too, go round. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** What is in use when all garbage is gone, in bytes; a buffer goes some time after what held it. */
async function memory(): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < 20; i += 1) {
    await turns(20);
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    least = Math.min(least, heapUsed + external);
  }
  return least;
}

/** The first answer over a connection that may stay open. */
function firstAnswer(port: number, bytes: string | Uint8Array) {
  return new Promise<ReturnType<typeof parseAnswers>[number] | undefined>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.once('data', (data: Buffer) => {
      socket.destroy();
      resolve(parseAnswers(data.toString())[0]);
    });
    socket.write(bytes);
  });
}
