import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createRandom } from '../../src/data/dataset/random.js';
import { grpcPath } from '../../src/client/grpc-services.js';
import { tensorValueOf, toTensorProto } from '../../src/saved-model/read/tensor-proto-value.js';
import { sharedMemory } from '../../src/serving/worker/shared-memory.js';
import { type RunningServer } from '../../src/serving/start-server.js';
import {
  PredictRequestSchema,
  PredictResponseSchema,
} from '../../src/tensorflow/protos/tensorflow_serving/apis/predict_pb.js';
import { PredictionService } from '../../src/tensorflow/protos/tensorflow_serving/apis/prediction_service_pb.js';
import type { TensorValue } from '../../src/tensorflow/tensor-value.js';
import { encodedImages } from '../helpers/data/encoded-images.js';
import { saveScale } from '../helpers/models/save-scale.js';
import { RawGrpcClient } from '../helpers/servers/grpc-client.js';
import { send } from '../helpers/servers/http-client.js';
import { serveFolder } from '../helpers/servers/served-lenet.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

/*
 * Bodies of 64 KiB to a few MiB, which other threads read and which pass grpc-js by: they are answered as small ones are. How long others
 * wait meanwhile, bench/large-bodies.ts measures with larger ones.
 */

const predictPath = grpcPath(PredictionService.method.predict);
const scale = '/v1/models/Scale:predict';
const mebi = 2 ** 20;

let server: RunningServer;
let grpc: RawGrpcClient;
let lentBefore: number;

beforeAll(async () => {
  lentBefore = sharedMemory.lent;
  const folder = await temporaryFolderForAll();
  await saveScale(path.join(folder, 'models', 'Scale'), 1, 3);
  server = await serveFolder(folder);
  grpc = new RawGrpcClient(server.grpcPort);
});
afterAll(async () => {
  grpc.close();
  await server.drain();
  // Memory that a request keeps after its end would be missing for all later ones.
  expect(sharedMemory.lent).toBe(lentBefore);
});

const rest = async (url: string, body: string | Uint8Array, headers = {}) => {
  const { status, text } = await send(server.restPort, url, { body, headers });
  return { status, text };
};

/** Numbers of which each is another one: a piece that is lost, or in another's place, is seen. */
const floats = (shape: readonly number[]): TensorValue & { values: Float32Array } => ({
  dtype: 'float32',
  shape,
  values: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i % 65_521),
});

const message = (init: MessageInitShape<typeof PredictRequestSchema>) =>
  toBinary(PredictRequestSchema, create(PredictRequestSchema, init));

describe('a body over REST', () => {
  const bodies: Readonly<Record<string, string>> = {
    'is answered': '{"instances": [[1, 2], [3, 4.5]]}',
    'names another signature': '{"signature_name": "total", "inputs": {"x": [1, 2, 3]}}',
    'is not JSON': '{"instances": [[1, 2]',
    'is a list': '[1, 2]',
    'has neither instances nor inputs': '{"signature_name": "total"}',
    'names no signature': '{"signature_name": "none", "instances": [1]}',
    'has an unknown input': '{"inputs": {"y": [[1]]}}',
    'has rows of several lengths': '{"instances": [[1, 2], [3]]}',
    'has text for numbers': '{"instances": [["a"]]}',
    'has another rank': '{"instances": [1, 2]}',
    'has base64 that is none': '{"signature_name": "means", "instances": [{"b64": "!"}]}',
    'has bytes that are not a picture': '{"signature_name": "means", "instances": [{"b64": "AAAA"}]}',
    'has base64 as text': '{"signature_name": "means", "instances": ["iVBORw0KGgo="]}',
    'has a fraction for an int64': '{"signature_name": "two", "inputs": {"x": [[1, 2]], "n": [1.5]}}',
  };

  it.each(Object.entries(bodies))('that %s gets the same answer at 100 KiB and at 2 MiB', async (_, body) => {
    const small = await rest(scale, body);
    // Spaces may stand after JSON, and before what is none.
    const large = [' '.repeat(100 * 1024) + body, ' '.repeat(2 * mebi) + body];
    const answers = await Promise.all(large.map((each) => rest(scale, each)));
    for (const answer of answers) expect(withoutPlace(answer)).toEqual(withoutPlace(small));
  });

  it('of many rows is computed in parts and answered as one', async () => {
    const { values } = floats([2000, 200]);
    const rows = Array.from({ length: 2000 }, (_, i) => [...values.subarray(i * 200, (i + 1) * 200)]);
    const { status, text } = await rest(scale, JSON.stringify({ instances: rows }));
    const { predictions } = JSON.parse(text) as { predictions: { y: number[]; twice: number[] }[] };
    expect([status, predictions.length]).toEqual([200, 2000]);
    expect(predictions.every(({ y }, i) => y.every((each, k) => each === 3 * (rows[i]?.[k] ?? NaN)))).toBe(true);
  });

  it('with raw tensors gets raw tensors, and numbers and text beside them', async () => {
    const input = floats([3, 100_000]);
    const raw = Buffer.from(input.values.buffer);
    const ask = (more: object) => {
      const head = JSON.stringify({
        inputs: [{ name: 'x', shape: input.shape, datatype: 'FP32', parameters: { binary_data_size: raw.length } }],
        ...more,
      });
      return fetch(`http://127.0.0.1:${server.restPort}/v2/models/Scale/infer`, {
        method: 'POST',
        headers: { 'inference-header-content-length': String(head.length) },
        body: Buffer.concat([Buffer.from(head), raw]),
      });
    };
    const all = await ask({ parameters: { binary_data_output: true } });
    const length = Number(all.headers.get('inference-header-content-length'));
    const bytes = Buffer.from(await all.arrayBuffer());
    const { outputs } = JSON.parse(bytes.toString('utf8', 0, length)) as { outputs: { name: string }[] };
    expect(bytes.length - length).toBe(2 * raw.length);
    const at = length + outputs.findIndex(({ name }) => name === 'y') * raw.length;
    const y = new Float32Array(Uint8Array.from(bytes.subarray(at, at + raw.length)).buffer);
    expect(y).toEqual(input.values.map((value) => 3 * value));

    const some = await ask({ outputs: [{ name: 'twice', parameters: { binary_data: true } }, { name: 'y' }] });
    const part = Number(some.headers.get('inference-header-content-length'));
    const both = Buffer.from(await some.arrayBuffer());
    const described = JSON.parse(both.toString('utf8', 0, part)) as { outputs: { name: string; data?: number[] }[] };
    expect(described.outputs.map(({ name, data }) => [name, data?.length])).toEqual([['twice', undefined], ['y', 300_000]]); // prettier-ignore
    expect(both.length - part).toBe(raw.length);
  });

  it('with a picture of 3 MiB is answered as one with a small picture', async () => {
    const [picture = Buffer.alloc(0)] = await encodedImages();
    const padded = Buffer.concat([picture, Buffer.alloc(3 * mebi)]);
    const body = (file: Uint8Array) =>
      JSON.stringify({ signature_name: 'means', instances: [{ b64: Buffer.from(file).toString('base64') }] });
    const [small, large] = await Promise.all([rest(scale, body(picture)), rest(scale, body(padded))]);
    expect(small.status).toBe(200);
    expect(large).toEqual(small);
  });
});

/** Where JSON is wrong is another place when spaces stand before it. */
function withoutPlace({ status, text }: { status: number; text: string }) {
  return { status, text: text.replaceAll(/at offset: \d+/g, 'somewhere') };
}

describe('several bodies at once', () => {
  const number = (i: number, rows: number, columns: number) =>
    Float32Array.from({ length: rows * columns }, (_, k) => (k % 1000) + i);
  const ask = async (i: number, signal?: AbortSignal) => {
    const [rows, columns] = i % 2 === 0 ? [400, 1500] : [1, 600_000];
    const values = number(i, rows, columns);
    const raw = Buffer.from(values.buffer);
    const parameters = { binary_data_size: raw.length };
    const head = JSON.stringify({
      inputs: [{ name: 'x', shape: [rows, columns], datatype: 'FP32', parameters }],
      outputs: [{ name: 'y' }],
      parameters: { binary_data_output: true },
    });
    const answer = await fetch(`http://127.0.0.1:${server.restPort}/v2/models/Scale/infer`, {
      method: 'POST',
      headers: { 'inference-header-content-length': String(head.length) },
      body: Buffer.concat([Buffer.from(head), raw]),
      signal: signal ?? null,
    });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const y = new Float32Array(bytes.slice(Number(answer.headers.get('inference-header-content-length'))).buffer);
    return y.length === values.length && y.every((value, k) => value === 3 * (values[k] ?? NaN));
  };

  it('are each answered with their own numbers, also while the clients of others leave at any time', async () => {
    const random = createRandom(8);
    let left = 0;
    for (let round = 0; round < 4; round += 1) {
      const asked = Array.from({ length: 6 }, async (_, i) => {
        if (i % 3 > 0) return ask(i);
        const gone = new AbortController();
        setTimeout(() => gone.abort(), random() * 150);
        return ask(i, gone.signal).catch(() => {
          left += 1;
          return true;
        });
      });
      expect(await Promise.all(asked)).toEqual(Array(6).fill(true));
    }
    expect(left).toBeGreaterThan(0);
  });
});

describe('a message over gRPC', () => {
  const predictScale = (input: TensorValue) => {
    const bytes = message({ modelSpec: { name: 'Scale' }, inputs: { x: toTensorProto(input, { asContent: true }) } });
    return grpc.send(predictPath, bytes);
  };
  const outputOf = (bytes: Buffer | undefined) =>
    tensorValueOf(fromBinary(PredictResponseSchema, bytes ?? Buffer.alloc(0)).outputs.y ?? toTensorProto(floats([0])));

  it.each([[[1, 262_140]], [[1, 262_200]], [[3, 1_000_000]], [[1500, 1000]]])(
    'of %j floats comes whole, and so does its answer',
    async (shape) => {
      const input = floats(shape);
      const { code, response } = await predictScale(input);
      expect(code).toBe(status.OK);
      expect(outputOf(response)).toEqual({ ...input, values: input.values.map((value) => 3 * value) });
    },
  );

  it('goes on over the same connection after another one', async () => {
    const sizes = [400_000, 10, 900_000, 300_000];
    const inputs = sizes.map((size) => floats([1, size]));
    const answers = await Promise.all(inputs.map((input) => predictScale(input)));
    expect(answers.map(({ response }) => outputOf(response).values.length)).toEqual(sizes);
  });

  it('may be compressed', async () => {
    const input = floats([1, 600_000]);
    const bytes = message({ modelSpec: { name: 'Scale' }, inputs: { x: toTensorProto(input, { asContent: true }) } });
    const body = gzipSync(bytes);
    expect(body.length).toBeGreaterThan(mebi);
    const answer = await sendFrames([frame(body, true)], { 'grpc-encoding': 'gzip' });
    expect(answer.status).toBe('0');
    expect(outputOf(answer.message).values).toEqual(input.values.map((value) => 3 * value));
  });

  const faults: Readonly<Record<string, MessageInitShape<typeof PredictRequestSchema>>> = {
    'of a model that there is not': { modelSpec: { name: 'none' } },
    'without inputs': { modelSpec: { name: 'Scale' } },
    'of another type': { modelSpec: { name: 'Scale' }, inputs: { x: toTensorProto({ dtype: 'int32', shape: [1, 1], values: Int32Array.of(1) }) } }, // prettier-ignore
    'of another rank': { modelSpec: { name: 'Scale' }, inputs: { x: toTensorProto(floats([4])) } },
    'of another signature': { modelSpec: { name: 'Scale', signatureName: 'none' } },
    'with bytes that are not a picture': { modelSpec: { name: 'Scale', signatureName: 'means' }, inputs: { pictures: toTensorProto({ dtype: 'string', shape: [1], values: [Buffer.from('none')] }) } }, // prettier-ignore
  };

  it.each(Object.entries(faults))('%s is refused in the same words at 2 MiB', async (_, init) => {
    const small = message(init);
    // A field that the schema does not have: number 100, of 2 MiB.
    const unknown = Buffer.concat([Buffer.from([0xa2, 0x06, 0x80, 0x80, 0x80, 0x01]), Buffer.alloc(2 * mebi)]);
    const [{ response: none, ...told }, { response: neither, ...toldAgain }] = await Promise.all([
      grpc.send(predictPath, small),
      grpc.send(predictPath, Buffer.concat([small, unknown])),
    ]);
    expect([none, neither]).toEqual([undefined, undefined]);
    expect(toldAgain).toEqual(told);
    expect(told.code).not.toBe(status.OK);
  });

  it('that is larger than the limit, or not one, is refused by its length', async () => {
    const { code, details } = await grpc.send(predictPath, Buffer.alloc(64 * mebi + 1));
    expect([code, details]).toEqual([status.RESOURCE_EXHAUSTED, `Received message larger than max (${64 * mebi + 1} vs ${64 * mebi})`]); // prettier-ignore
    const bytes = message({ modelSpec: { name: 'Scale' }, inputs: { x: toTensorProto(floats([1, 300_000]), { asContent: true }) } }); // prettier-ignore
    const one = frame(bytes);
    const two = await sendFrames([Buffer.concat([one, one])]);
    expect(two.status).not.toBe('0');
    expect((await sendFrames([one.subarray(0, -100)])).status).not.toBe('0');
    // Its prefix alone, then the rest; and a prefix in two parts, which grpc-js lays together itself.
    expect((await sendFrames([one.subarray(0, 5), one.subarray(5)])).status).toBe('0');
    expect((await sendFrames([one.subarray(0, 3), one.subarray(3)])).status).toBe('0');
  });

  it('takes memory as it comes, not as its length says', async () => {
    const sessions = Array.from({ length: 10 }, () => connectHttp2(`http://127.0.0.1:${server.grpcPort}`));
    const before = process.memoryUsage().arrayBuffers;
    const begun = frame(Buffer.alloc(2 * mebi)).subarray(0, 6);
    const headers = { ':method': 'POST', ':path': predictPath, 'content-type': 'application/grpc', te: 'trailers' };
    const streams = sessions.flatMap((session) => Array.from({ length: 90 }, () => session.request(headers)));
    const resets: unknown[] = [];
    for (const stream of streams) stream.on('error', (error) => resets.push(error));
    await Promise.all(streams.map((stream) => new Promise((resolve) => stream.write(begun, resolve))));
    // By the time that this is answered, what was sent before has come.
    expect((await predictScale(floats([1, 4]))).code).toBe(status.OK);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(900 * 2 ** 14);
    expect(resets).toEqual([]);
    for (const session of sessions) session.destroy();
  });

  function frame(bytes: Uint8Array, isCompressed = false): Buffer {
    const prefix = Buffer.alloc(5, isCompressed ? 1 : 0);
    prefix.writeUInt32BE(bytes.length, 1);
    return Buffer.concat([prefix, bytes]);
  }

  /** Sends parts, each in a frame or more of its own, and ends the stream. */
  async function sendFrames(parts: readonly Buffer[], headers = {}) {
    const session = connectHttp2(`http://127.0.0.1:${server.grpcPort}`);
    const stream = session.request({
      ':method': 'POST',
      ':path': predictPath,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    let status: unknown;
    const note = (given: Record<string, unknown>) => (status = given['grpc-status'] ?? status);
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('error', () => (status ??= 'reset'));
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    const closed = once(stream, 'close').catch(() => undefined);
    for (const part of parts) await new Promise((resolve) => stream.write(part, resolve));
    stream.end();
    await closed;
    session.close();
    return { status, message: Buffer.concat(chunks).subarray(5) };
  }
});
