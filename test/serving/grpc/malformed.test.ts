import path from 'node:path';
import { gzipSync } from 'node:zlib';

import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { createRandom } from '../../../src/data/dataset/random.js';
import { createGrpcServer, type GrpcServer } from '../../../src/serving/grpc/create-grpc-server.js';
import { LocalModelServer } from '../../helpers/servers/local-model-server.js';
import { Servable } from '../../../src/signatures/servable.js';
import { PredictRequestSchema } from '../../../src/tensorflow/protos/tensorflow_serving/apis/predict_pb.js';
import type * as tf from '../../../src/tensorflow/tf.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../../src/tracing/tf-function.js';
import { type GrpcResult, RawGrpcClient } from '../../helpers/servers/grpc-client.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

class Adder extends Servable {
  readonly add = tfFunction((x: tf.Tensor) => ({ y: x.add(1) }), {
    inputSignature: { x: tensorSpec('float32', [null]) },
  });
  readonly echo = tfFunction((s: tf.Tensor) => ({ s }), { inputSignature: { s: tensorSpec('string', [null]) } });
}

const service = '/tensorflow.serving.PredictionService/';
const maxMessageBytes = 2 ** 20;
const errors: unknown[] = [];

let models: LocalModelServer;
let server: GrpcServer;
let client: RawGrpcClient;
let port: number;

beforeAll(async () => {
  const directory = path.join(await temporaryFolderForAll(), '1');
  const adder = new Adder();
  await adder.save(directory, { signatures: { serving_default: adder.add, echo: adder.echo } });
  models = await LocalModelServer.load(directory, 'adder');
  server = createGrpcServer(models, { maxMessageBytes, onError: (error) => errors.push(error) });
  port = await server.start('127.0.0.1', 0);
  client = new RawGrpcClient(port);
});
afterAll(async () => {
  client.close();
  await server.drain();
  models.dispose();
});

const good = {
  modelSpec: { name: 'adder' },
  inputs: { x: { dtype: 1, tensorShape: { dim: [{ size: 2n }] }, floatVal: [1, 2] } },
};
const goodBytes = toBinary(PredictRequestSchema, create(PredictRequestSchema, good));

/** Whatever was sent: the server lives, and answers the next request as ever. */
afterEach(async () => {
  expect(errors).toEqual([]);
  expect((await client.send(`${service}Predict`, goodBytes)).code).toBe(status.OK);
});

const field = (number: number, bytes: Uint8Array) =>
  new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(bytes).finish();
const varint = (number: number, value: bigint) => new BinaryWriter().tag(number, WireType.Varint).int64(value).finish();
const bytes = (...parts: (Uint8Array | number)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : part)));
const text = (value: string) => Buffer.from(value);
const specOf = (name: string) => field(1, field(1, text(name)));
const input = (name: string, tensor: Uint8Array) => field(2, bytes(field(1, text(name)), field(2, tensor)));
/** A request whose tensor is made of bytes. */
const withTensor = (tensor: Uint8Array, name = 'x') => bytes(specOf('adder'), input(name, tensor));
const dims = (...sizes: bigint[]) => field(2, bytes(...sizes.map((size) => field(2, varint(1, size)))));
const float = varint(1, 1n);
const oneValue = field(5, Uint8Array.of(0, 0, 128, 63));
const signature = (name: string) => field(1, bytes(field(1, text('adder')), field(3, text(name))));

const allowed = [
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.FAILED_PRECONDITION,
  status.RESOURCE_EXHAUSTED,
  status.UNIMPLEMENTED,
];

function expectRefused(result: GrpcResult<Buffer>): void {
  expect(result.code, result.details).toBeOneOf(allowed);
  expect(result.details).not.toBe('');
  expect(result.response).toBeUndefined();
}

describe('a message that is none', () => {
  const random = createRandom(11);
  const garbage = (length: number) => Uint8Array.from({ length }, () => random() * 256);
  const cases: [string, Uint8Array][] = [
    ...Array.from({ length: 20 }, (_, i): [string, Uint8Array] => [
      `garbage of ${2 + 3 * i} bytes`,
      bytes(0xff, garbage(1 + 3 * i)),
    ]),
    ['nothing', new Uint8Array()],
    ['text', text('GET / HTTP/1.1\r\n\r\n')],
    ['JSON', text('{"instances": [1]}')],
    ['a tag alone', Uint8Array.of(0x0a)],
    ['field number 0', Uint8Array.of(0x02, 0x00)],
    ['wire type 6', Uint8Array.of(0x0e)],
    ['wire type 7', Uint8Array.of(0x0f)],
    ['a group that never ends', Uint8Array.of(0x0b)],
    ['the end of no group', Uint8Array.of(0x0c)],
    ['10,000 groups in groups', new Uint8Array(10_000).fill(0x0b)],
    ['a group that ends behind its message', Uint8Array.of(0x0a, 1, 0x0b, 0x0c)],
    ['a varint of 11 bytes', new Uint8Array(11).fill(0xff)],
    ['a length beyond the end', Uint8Array.of(0x0a, 0x7f, 0x00)],
    ['a length of 2^32 - 1', Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f)],
    ['a name that is not UTF-8', bytes(field(1, field(1, Uint8Array.of(0xff, 0xfe))), input('x', float))],
    ['another message', field(3, text('x'))],
  ];
  it.each(cases)('%s', async (_, message) => {
    expectRefused(await client.send(`${service}Predict`, message));
  });

  it('that was cut off anywhere', async () => {
    for (let length = 0; length < goodBytes.length; length++) {
      expectRefused(await client.send(`${service}Predict`, goodBytes.subarray(0, length)));
    }
  });

  it('with any bit flipped: answered with some status', async () => {
    for (let bit = 0; bit < goodBytes.length * 8; bit++) {
      const flipped = Uint8Array.from(goodBytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect((await client.send(`${service}Predict`, flipped)).code).toBeOneOf([status.OK, ...allowed]);
    }
  });

  it.each(['Classify', 'Regress', 'MultiInference', 'GetModelMetadata'])('for %s', async (method) => {
    for (const [, message] of cases) expectRefused(await client.send(service + method, message));
  });

  it.each(['GetModelStatus', 'HandleReloadConfigRequest'])('for %s', async (method) => {
    for (const [, message] of cases)
      expectRefused(await client.send(`/tensorflow.serving.ModelService/${method}`, message));
  });
});

describe('a TensorProto that is hostile', () => {
  const nested = (depth: number): Uint8Array =>
    depth === 0 ? new Uint8Array() : field(15, field(3, nested(depth - 1)));
  it.each<[string, Uint8Array]>([
    ['no type', dims(1n)],
    ...Array.from({ length: 33 }, (_, type): [string, Uint8Array] => [
      `type ${type}`,
      bytes(varint(1, BigInt(type)), dims(1n)),
    ]).filter((_, type) => type !== 1),
    ['a reference type', bytes(varint(1, 101n), dims(1n))],
    ['type -1', bytes(varint(1, -1n), dims(1n))],
    ['type 2^31 - 1', bytes(varint(1, 2n ** 31n - 1n), dims(1n))],
    ['a scalar for a vector', bytes(float, oneValue)],
    ['a matrix for a vector', bytes(float, dims(1n, 1n), oneValue)],
    ['unknown rank', bytes(float, field(2, varint(3, 1n)), oneValue)],
    ['size -1', bytes(float, dims(-1n), oneValue)],
    ['size -2^63', bytes(float, dims(-(2n ** 63n)), oneValue)],
    ['size 2^31', bytes(float, dims(2n ** 31n), oneValue)],
    ['size 2^31 of nothing', bytes(float, dims(2n ** 31n))],
    ['size 2^62', bytes(float, dims(2n ** 62n), oneValue)],
    ['size 2^63 - 1', bytes(float, dims(2n ** 63n - 1n), oneValue)],
    ['2^32 x 2^32, which is 0 in 64 bits', bytes(float, dims(2n ** 32n, 2n ** 32n), oneValue)],
    ['2^31 x 2^33 + 1 value', bytes(float, dims(2n ** 31n, 2n ** 33n), oneValue)],
    ['2^62 x 4 x 0', bytes(float, dims(2n ** 62n, 4n, 0n))],
    ['0 x 2^63 - 1', bytes(float, dims(0n, 2n ** 63n - 1n))],
    ['3 x -1 x -1', bytes(float, dims(3n, -1n, -1n), oneValue)],
    ['255 dimensions', bytes(float, dims(...new Array<bigint>(255).fill(1n)), oneValue)],
    ['10,000 dimensions', bytes(float, dims(...new Array<bigint>(10_000).fill(1n)), oneValue)],
    ['content of 0.75 elements', bytes(float, dims(1n), field(4, new Uint8Array(3)))],
    ['content of 1.25 elements', bytes(float, dims(1n), field(4, new Uint8Array(5)))],
    ['content of another count', bytes(float, dims(3n), field(4, new Uint8Array(8)))],
    ['content for a scalar, of two', bytes(float, field(4, new Uint8Array(8)))],
    ['packed floats of 5 bytes', bytes(float, dims(1n), field(5, new Uint8Array(5)))],
    ['floats as text in float_val', bytes(float, dims(1n), field(5, text('1.5')))],
    ['messages nested 2,000 deep', bytes(float, dims(1n), nested(2000))],
    ['a shape that is text', bytes(float, field(2, text('shape')))],
    ['a shape that is a number', bytes(float, varint(2, 5n))],
  ])('%s', async (_, tensor) => {
    expectRefused(await client.send(`${service}Predict`, withTensor(tensor)));
  });

  it.each<[string, Uint8Array]>([
    ['strings in tensor_content', bytes(varint(1, 7n), dims(1n), field(4, text('abc')))],
    ['a string of 100 KB for 100,000 places', bytes(varint(1, 7n), dims(100_000n), field(8, new Uint8Array(100_000)))],
    ['2^28 empty strings', bytes(varint(1, 7n), dims(2n ** 28n))],
    ['floats', bytes(float, dims(1n), oneValue)],
  ])('for strings: %s', async (_, tensor) => {
    expectRefused(await client.send(`${service}Predict`, bytes(signature('echo'), input('s', tensor))));
  });

  it('grows in memory no more than it may', async () => {
    const strings = new Uint8Array(900_000).map((_, i) => (i % 2 === 0 ? 0x42 : 0));
    const { code, details } = await client.send(
      `${service}Predict`,
      bytes(signature('echo'), input('s', bytes(varint(1, 7n), strings))),
    );
    expect([code, details]).toEqual([
      status.RESOURCE_EXHAUSTED,
      'The request would take more than 8388608 bytes when read.',
    ]);
    const exampleList = field(
      2,
      field(
        1,
        new Uint8Array(900_000).map((_, i) => (i % 2 === 0 ? 0x0a : 0)),
      ),
    );
    expectRefused(await client.send(`${service}Classify`, bytes(specOf('adder'), exampleList)));
  });

  it('is named in the answer', async () => {
    const { code, details } = await client.send(`${service}Predict`, withTensor(bytes(float, dims(-1n))));
    expect([code, details]).toEqual([
      status.INVALID_ARGUMENT,
      'tensor parsing error: x: Expected sizes that are not negative. Received: a dimension of size -1.',
    ]);
  });
});

describe('a request for what is not there', () => {
  const tensor = bytes(float, dims(1n), oneValue);
  const names = [
    '',
    'foo',
    '../adder',
    '/etc/passwd',
    'adder/',
    'adder/../adder',
    'C:\\adder',
    'adder\0',
    '%2e%2e%2f',
    '__proto__',
    'constructor',
    'ADDER',
    ' adder',
    'adder\n',
    '😀',
    'a'.repeat(100_000),
    '\u202eadder',
  ];
  it.each(names.map((name) => [name.slice(0, 20), name]))('a model "%s"', async (_, name) => {
    expectRefused(await client.send(`${service}Predict`, bytes(specOf(name), input('x', tensor))));
    expectRefused(
      await client.send(`${service}GetModelMetadata`, bytes(specOf(name), field(2, text('signature_def')))),
    );
    expectRefused(await client.send(`/tensorflow.serving.ModelService/GetModelStatus`, specOf(name)));
  });

  it.each(names.slice(1).map((name) => [name.slice(0, 20), name]))(
    'a signature, an input, an output, a label "%s"',
    async (_, name) => {
      expectRefused(await client.send(`${service}Predict`, bytes(signature(name), input('x', tensor))));
      expectRefused(await client.send(`${service}Predict`, withTensor(tensor, name)));
      expectRefused(await client.send(`${service}Predict`, bytes(withTensor(tensor), input(name, tensor))));
      expectRefused(await client.send(`${service}Predict`, bytes(withTensor(tensor), field(3, text(name)))));
      const label = field(1, bytes(field(1, text('adder')), field(4, text(name))));
      expectRefused(await client.send(`${service}Predict`, bytes(label, input('x', tensor))));
    },
  );

  it.each([0n, 2n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)])('version %s', async (version) => {
    const spec = field(1, bytes(field(1, text('adder')), field(2, varint(1, version))));
    const { code, details } = await client.send(`${service}Predict`, bytes(spec, input('x', tensor)));
    expect([code, details]).toEqual([status.NOT_FOUND, `Servable not found for request: Specific(adder, ${version})`]);
  });

  it.each([
    '/', '//', '/x', '/x/y', `${service}predict`, `${service}__proto__`, `${service}constructor`, `${service}Predict/`,
    '/tensorflow.serving.SessionService/SessionRun', '/__proto__/toString', '/../etc/passwd',
  ])('a method %s', async (method) => {
    expect((await client.send(method, goodBytes)).code).toBe(status.UNIMPLEMENTED);
  }); // prettier-ignore

  it('without inputs', async () => {
    expect(await client.send(`${service}Predict`, specOf('adder'))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details:
        'input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. Missing but required: {x}.',
    });
  });

  it('answered in a header that clients can take', async () => {
    const { details } = await client.send(`${service}Predict`, specOf('€'.repeat(50_000)));
    expect(encodeURI(details).length).toBeLessThan(5000);
    expect(details).toMatch(/^Servable not found for request: Latest\(€+\.\.\. \(50040 characters\)$/);
  });
});

describe('a message that is too large', () => {
  it('is refused', async () => {
    const { code } = await client.send(
      `${service}Predict`,
      withTensor(bytes(float, field(4, new Uint8Array(maxMessageBytes)))),
    );
    expect(code).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('is refused when it is only so once it is inflated', async () => {
    const bomb = withTensor(bytes(float, field(4, new Uint8Array(64 * maxMessageBytes))));
    expect(gzipSync(bomb).length).toBeLessThan(maxMessageBytes);
    const compressing = new RawGrpcClient(port, { 'grpc.default_compression_algorithm': 2 });
    const { code, details } = await compressing.send(`${service}Predict`, bomb);
    expect([code, details]).toEqual([
      status.RESOURCE_EXHAUSTED,
      `The message is larger than ${maxMessageBytes} bytes when inflated.`,
    ]);
    expect((await compressing.send(`${service}Predict`, goodBytes)).code).toBe(status.OK);
    compressing.close();
  });
});
