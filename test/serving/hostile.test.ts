import { mkdir, symlink } from 'node:fs/promises';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { create, toBinary } from '@bufbuild/protobuf';
import { Metadata, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';

import { grpcPath } from '../../src/client/grpc-services.js';
import type { RequestEvent } from '../../src/serving/request-event.js';
import { type RunningServer, type ServerOptions } from '../../src/serving/start-server.js';
import { TensorProtoSchema } from '../../src/tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import { ModelService } from '../../src/tensorflow/protos/tensorflow_serving/apis/model_service_pb.js';
import { PredictRequestSchema } from '../../src/tensorflow/protos/tensorflow_serving/apis/predict_pb.js';
import { PredictionService } from '../../src/tensorflow/protos/tensorflow_serving/apis/prediction_service_pb.js';
import { send, sendJson } from '../helpers/servers/http-client.js';
import {
  folderWithLenet,
  grpcClientForTest,
  pauseDuring,
  serveFolder,
  serveFolderForTest,
} from '../helpers/servers/served-lenet.js';
import { saveScale } from '../helpers/models/save-scale.js';
import '../helpers/servers/threads-given.js';

const mebi = 2 ** 20;
const predictPath = '/v1/models/LenetModel:predict';

let folder: string;
let server: RunningServer;
const events: RequestEvent[] = [];

beforeAll(async () => {
  folder = await folderWithLenet();
  await mkdir(path.join(folder, 'elsewhere'));
  await saveScale(path.join(folder, 'elsewhere', 'm'), 1);
  server = await serveFolder(folder, { onRequest: (event) => events.push(event) });
});
afterAll(() => server.drain());

const startForTest = (options: Partial<ServerOptions>) => serveFolderForTest(folder, options);
const grpcClient = (port = server.grpcPort) => grpcClientForTest(port);

/** The longest that this thread, which is the server's too, was kept from answering, in milliseconds, while something ran. */
const longestPause = async (run: () => Promise<unknown>) => (await pauseDuring(run)).pause;

/** One value that fills a shape: a few bytes on the wire. */
function filled(rows: number, name = 'LenetModel', shape = [rows, 1, 1, 3]): Uint8Array {
  const tensor = create(TensorProtoSchema, {
    dtype: 1,
    floatVal: [0.5],
    tensorShape: { dim: shape.map((size) => ({ size: BigInt(size) })) },
  });
  return toBinary(
    PredictRequestSchema,
    create(PredictRequestSchema, { modelSpec: { name }, inputs: { image_tensor: tensor, input_tensor: tensor } }),
  );
}

const rssOf = () => process.memoryUsage().rss;
const inputName = () =>
  Object.keys(server.store.find({ name: 'LenetModel' }).signatures.serving_default?.inputs ?? {})[0] ?? '';

/** The same with the input that the model has. */
function rowsOf(rows: number, shape?: number[]): Uint8Array {
  const request = create(PredictRequestSchema, {
    modelSpec: { name: 'LenetModel' },
    inputs: {
      [inputName()]: create(TensorProtoSchema, {
        dtype: 1,
        floatVal: [0.5],
        tensorShape: { dim: (shape ?? [rows, 1, 1, 3]).map((size) => ({ size: BigInt(size) })) },
      }),
    },
  });
  return toBinary(PredictRequestSchema, request);
}

describe('what a request becomes (findings 2 and 5)', () => {
  it('is bounded by rows, however few bytes ask for them', async () => {
    const before = rssOf();
    const { code, details } = await grpcClient().send(grpcPath(PredictionService.method.predict), rowsOf(200_000));
    expect([code, details]).toEqual([
      status.RESOURCE_EXHAUSTED,
      'The request has 200000 rows; the server takes 4096 (--max-rows). Send fewer in a request.',
    ]);
    expect(rssOf() - before).toBeLessThan(200 * mebi);
  });

  it('is the same over REST: strings, lists and the Open Inference Protocol', async () => {
    const before = rssOf();
    const strings = { signature_name: 'serving_bytes', instances: Array(150_000).fill('') };
    const lists = { instances: Array(50_000).fill([[[0, 0, 0]]]) };
    const tensor = { name: inputName(), datatype: 'FP32', shape: [20_000, 1, 1, 3], data: Array(60_000).fill(0) };
    for (const [route, body] of [
      [predictPath, strings],
      [predictPath, lists],
      ['/v2/models/LenetModel/infer', { inputs: [tensor] }],
      ['/v1/models/LenetModel:classify', { examples: Array(100_000).fill({}) }],
    ] as const) {
      const { status: code, json } = await sendJson(server.restPort, route, body);
      expect([route, code]).toEqual([route, route.endsWith('classify') ? 400 : 413]);
      expect(JSON.stringify(json)).toMatch(/rows|signature/);
    }
    expect(rssOf() - before).toBeLessThan(300 * mebi);
  });

  it('is cut into batches that a deadline ends', async () => {
    const client = grpcClient();
    const { code } = await client.send(grpcPath(PredictionService.method.predict), rowsOf(4096, [4096, 28, 28, 3]), new Metadata(), {
      deadline: Date.now() + 15,
    });
    expect(code).toBe(status.DEADLINE_EXCEEDED);
    const started = performance.now();
    const whole = await client.send(grpcPath(PredictionService.method.predict), rowsOf(64));
    expect(whole.code).toBe(status.OK);
    expect(performance.now() - started).toBeLessThan(5000);
  }); // prettier-ignore

  it('answers a large request with as many rows as it has', async () => {
    const { json } = await sendJson(server.restPort, predictPath, { instances: Array(100).fill([[[0.1, 0.2, 0.3]]]) });
    const { predictions } = json as { predictions: number[][] };
    expect(predictions).toHaveLength(100);
    // The last bit depends on where a row lies in a processor's vector.
    const largest = Math.max(
      ...predictions.flatMap((row) => row.map((value, i) => Math.abs(value - (predictions[0]?.[i] ?? NaN)))),
    );
    expect(largest).toBeLessThan(1e-5);
  });

  it('cuts names where they are kept: in answers, errors and the log', async () => {
    events.length = 0;
    const longName = 'A'.repeat(900_000);
    const { details } = await grpcClient().send(grpcPath(PredictionService.method.predict), filled(1, longName));
    expect(details.length).toBeLessThan(5000);
    const raw = Buffer.concat([Buffer.from('{"instances":[1],"signature_name":"'), Buffer.alloc(30 * mebi, 0xff), Buffer.from('"}')]);
    const { text } = await send(server.restPort, predictPath, { body: raw });
    expect(text.length).toBeLessThan(20_000);
    await send(server.restPort, `/v1/models/${'%01'.repeat(3000)}`);
    expect(events).toHaveLength(3);
    for (const event of events) expect(JSON.stringify(event).length).toBeLessThan(2000);
    // A text of tens of megabytes is not a name.
    const { code } = await grpcClient().send(grpcPath(PredictionService.method.predict), filled(1, 'A'.repeat(20 * mebi)));
    expect(code).toBe(status.INVALID_ARGUMENT);
  }); // prettier-ignore
});

describe('the thread that answers (finding 7)', () => {
  const boundary = 'x';
  const type = { 'content-type': `multipart/form-data; boundary=${boundary}` };
  const emptyPart = `--${boundary}\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n\r\n`;
  it.each<[string, string, string, Record<string, string>]>([
    ['strings', predictPath, `{"signature_name":"serving_bytes","instances":[${'"",'.repeat(2_000_000)}""]}`, {}],
    ['strings of a column', predictPath, `{"signature_name":"serving_bytes","inputs":[${'"",'.repeat(2_000_000)}""]}`, {}],
    ['examples', '/v1/models/LenetModel:classify', `{"examples":[${'{},'.repeat(1_000_000)}{}]}`, {}],
    ['numbers', predictPath, `{"instances":[[${'[1,1,1],'.repeat(1_000_000)}[1,1,1]]]}`, {}],
    ['empty files', '/v1/models/LenetModel:classify-image', emptyPart.repeat(100_000), type],
    ['line breaks and dashes', '/v1/models/LenetModel:classify-image', `${emptyPart}${'\r\n--'.repeat(3_000_000)}`, type],
  ])('is free while it is sent %s', async (_, route, body, headers) => {
    const started = performance.now();
    const pause = await longestPause(async () => {
      const { status: code } = await send(server.restPort, route, { body, headers });
      expect([400, 413]).toContain(code);
    });
    // Read in this thread, the pause would be nearly all of the time; how long both are depends on what else runs here.
    expect(pause).toBeLessThan(Math.max(600, (performance.now() - started) / 2));
  }); // prettier-ignore

  it('reads a message of gRPC once, also one of groups that all end where it ends', async () => {
    // Each of 300,000 messages begins a group, and would be read to the end: half an hour.
    const groups = Buffer.concat([Buffer.alloc(900_000, Uint8Array.of(0x0a, 1, 0x0b)), Uint8Array.of(0x0c)]);
    const { code, details } = await grpcClient().send(grpcPath(PredictionService.method.predict), groups);
    expect([code, details]).toEqual([status.INVALID_ARGUMENT, expect.stringContaining('The message ends too early.')]);
  });
});

describe('connections (findings 6 and 11)', () => {
  it('of one protocol leave room for the other', async () => {
    const { restPort, grpcPort } = await startForTest({ maxConnections: 40 });
    const sockets: Socket[] = [];
    onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
    for (let i = 0; i < 100; i += 1) {
      const socket = connect(i % 2 === 0 ? grpcPort : restPort, '127.0.0.1').on('error', () => undefined);
      // Else nobody hears that it was closed.
      sockets.push(socket.resume());
    }
    await wait(500);
    expect((await send(restPort, '/healthz')).status).toBe(200);
    expect((await grpcClient(grpcPort).send(grpcPath(PredictionService.method.predict), rowsOf(1))).code).toBe(0);
    expect(sockets.filter(({ destroyed }) => !destroyed).length).toBeLessThanOrEqual(40);
  });

  it('hold no more than their share with messages that do not end', async () => {
    const session = connectHttp2(`http://127.0.0.1:${server.grpcPort}`);
    session.on('error', () => undefined);
    onTestFinished(() => session.destroy());
    const header = { ':method': 'POST', ':path': grpcPath(PredictionService.method.predict), 'content-type': 'application/grpc', te: 'trailers' };
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(60 * mebi, 1);
    const before = rssOf();
    let reset = 0;
    for (let i = 0; i < 8; i += 1) {
      const stream = session.request(header);
      stream.on('error', () => undefined);
      stream.on('close', () => (reset += 1));
      stream.write(prefix);
      stream.write(Buffer.alloc(59 * mebi));
    }
    // 192 MiB are a single address's share.
    await vi.waitFor(() => expect(reset).toBeGreaterThan(0), { timeout: 30_000 });
    expect(rssOf() - before).toBeLessThan(1024 * mebi);
    const small = await sendJson(server.restPort, predictPath, { instances: [[[[0, 0, 0]]]] });
    expect(small.status).toBe(200);
  }); // prettier-ignore

  it('hold nothing of messages that they take back, also while others are read', async () => {
    const header = { ':method': 'POST', ':path': grpcPath(PredictionService.method.predict), 'content-type': 'application/grpc', te: 'trailers' };
    const messageOf = (bytes: Uint8Array) => {
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(bytes.length, 1);
      return Buffer.concat([prefix, bytes]);
    };
    // The thread that reads large messages has two million strings to read at any time.
    const strings = create(TensorProtoSchema, { dtype: 7, stringVal: Array<Uint8Array>(1_900_000).fill(new Uint8Array()) });
    const slow = toBinary(PredictRequestSchema, create(PredictRequestSchema, { inputs: { x: strings } }));
    let goesOn = true;
    const readSlow = async () => {
      const client = grpcClient();
      while (goesOn) await client.send(header[':path'], slow);
    };
    const others = [readSlow(), readSlow()];
    const large = messageOf(Buffer.alloc(40 * mebi));
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    for (let i = 0; i < 25; i += 1) {
      const session = connectHttp2(`http://127.0.0.1:${server.grpcPort}`).on('error', () => undefined);
      const stream = session.request(header).on('error', () => undefined);
      await new Promise<void>((resolve) => {
        stream.on('close', () => resolve());
        stream.end(large, () => setTimeout(resolve, 15));
      });
      stream.close(constants.NGHTTP2_CANCEL);
      session.destroy();
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    goesOn = false;
    await Promise.all(others);
    expect(most).toBeLessThan(200 * mebi);
  }); // prettier-ignore

  it('of slow bodies leave room for small requests', async () => {
    const { restPort } = await startForTest({ maxRequestBytes: 4 * mebi });
    const sockets = Array.from({ length: 17 }, () => {
      const socket = connect(restPort, '127.0.0.1').on('error', () => undefined);
      socket.write(`POST ${predictPath} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${60 * mebi}\r\n\r\n`);
      return socket;
    });
    onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
    const { restPort: port } = server;
    const held = Array.from({ length: 17 }, () => {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      socket.write(`POST ${predictPath} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${60 * mebi}\r\n\r\n`);
      socket.write(Buffer.alloc(30 * mebi, ' '));
      return socket;
    });
    onTestFinished(() => held.forEach((socket) => socket.destroy()));
    await wait(1500);
    for (let i = 0; i < 6; i += 1) {
      expect((await sendJson(port, predictPath, { instances: [[[[0, 0, 0]]]] })).status).toBe(200);
    }
  });
});

describe('a page of another site (finding 8)', () => {
  const other = { origin: 'http://evil.example', 'content-type': 'text/plain' };
  it.each<[string, Record<string, string>, string?]>([
    ['/', { host: 'evil.example' }],
    ['/monitoring/prometheus/metrics', { host: 'evil.example:8501' }],
    [predictPath, other, '{"instances": [1]}'],
    ['/v1/models/LenetModel:classify-image', other, 'x'],
    ['/openapi.json', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
  ])('does not reach %s', async (route, headers, body) => {
    const answer = await send(server.restPort, route, { headers, ...(body !== undefined && { body }) });
    expect(answer.status).toBe(403);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('may be allowed by its name, and is not asked for with a token', async () => {
    const { restPort } = await startForTest({ allowedHosts: ['models.example'] });
    expect((await send(restPort, '/healthz', { headers: { host: 'models.example' } })).status).toBe(200);
    const guarded = await startForTest({ token: 'a-token-of-many-characters' });
    expect((await send(guarded.restPort, '/healthz', { headers: { host: 'any.example' } })).status).toBe(200);
  });
});

describe('a configuration of a client (finding 3)', () => {
  const token = 'a-token-of-many-characters';
  const reload = (port: number, basePath: string, metadata: Metadata) => {
    const config = [{ name: 'n', basePath, modelPlatform: 'tensorflow' }];
    const request = { config: { config: { case: 'modelConfigList', value: { config } } } } as const;
    return grpcClient(port).call(ModelService.method.handleReloadConfigRequest, request, metadata);
  };
  const withToken = () => {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    return metadata;
  };

  it('is refused where nobody has asked for it, loopback or not', async () => {
    const { code } = await reload(server.grpcPort, path.join(folder, 'elsewhere', 'm'), new Metadata());
    expect(code).toBe(status.PERMISSION_DENIED);
  });

  it('needs a token', async () => {
    await expect(serveFolder(folder, { reloadRoots: [folder] })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const { grpcPort } = await startForTest({ reloadRoots: [folder], token });
    expect((await reload(grpcPort, path.join(folder, 'elsewhere', 'm'), new Metadata())).code).toBe(
      status.UNAUTHENTICATED,
    );
    expect((await reload(grpcPort, path.join(folder, 'elsewhere', 'm'), withToken())).code).toBe(status.OK);
  });

  it('stays below the roots, links followed, and tells nothing of what is outside', async () => {
    const models = path.join(folder, 'models');
    const { grpcPort } = await startForTest({ reloadRoots: [models], token });
    await symlink(path.join(folder, 'elsewhere', 'm'), path.join(models, 'link'));
    const answers = await Promise.all(
      [
        path.join(folder, 'elsewhere', 'm'),
        path.join(models, '..', 'elsewhere', 'm'),
        path.join(models, 'link'),
        path.join(folder, 'not there'),
        '/etc/passwd',
      ].map((basePath) => reload(grpcPort, basePath, withToken())),
    );
    const message = 'Model n: its base path is not below a folder that this server reloads from (--reload-root).';
    expect(answers.map(({ code, details }) => [code, details])).toEqual(answers.map(() => [7, message]));
  });
});
