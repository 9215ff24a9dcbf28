import { execFile } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { type Protocol, protocols, type SignetClientOptions } from '../../src/client/client-options.js';
import { ServerError } from '../../src/client/server-error.js';
import { SignetClient } from '../../src/client/signet-client.js';
import { LenetModel } from '../../src/models/lenet-model.js';
import { LocalModelServer } from '../helpers/servers/local-model-server.js';
import type { ModelServer } from '../../src/serving/model-server.js';
import { modelServerWith } from '../helpers/servers/model-server-with.js';
import type { TensorValue } from '../../src/tensorflow/tensor-value.js';
import { encodedImages } from '../helpers/data/encoded-images.js';
import { saveScale } from '../helpers/models/save-scale.js';
import { selfSigned } from '../helpers/servers/self-signed.js';
import { type ServedModelServer, serveModelServer } from '../helpers/servers/serve-model-server.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';
import { runTypeScript } from '../helpers/run-type-script.js';

const classNames = ['ape', 'bee', 'cat', 'dog', 'eel', 'fox'];
let lenet: LocalModelServer;
let scale: LocalModelServer;
let servers: Record<'lenet' | 'scale', ServedModelServer>;

beforeAll(async () => {
  const folder = await temporaryFolderForAll();
  const model = new LenetModel({ classNames, seed: 5 });
  await model.save(path.join(folder, 'lenet', '3'));
  model.dispose();
  lenet = await LocalModelServer.load(path.join(folder, 'lenet', '3'), 'lenet', 3);
  scale = await LocalModelServer.load(await saveScale(path.join(folder, 'scale'), 2), 'scale', 2);
  servers = { lenet: await serveModelServer(lenet), scale: await serveModelServer(scale) };
});
afterAll(async () => {
  await Promise.all(Object.values(servers).map((server) => server.end()));
  lenet.dispose();
  scale.dispose();
});

/** A client of one of the servers, closed with the test. */
function clientOf(name: 'lenet' | 'scale', options: Partial<SignetClientOptions>, server?: ServedModelServer) {
  const { grpcPort, restPort } = server ?? servers[name];
  const client = new SignetClient({ grpcPort, restPort, modelName: name, ...options });
  onTestFinished(() => client.close());
  return client;
}

async function failure(promise: Promise<unknown>): Promise<ServerError> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ServerError);
  return error as ServerError;
}

const rows = (...values: number[]): TensorValue => ({
  dtype: 'float32',
  shape: [1, values.length],
  values: Float32Array.from(values),
});

describe.each(protocols)('SignetClient over %s', (protocol) => {
  const where = (server: ServedModelServer) =>
    protocol === 'GRPC' ? `gRPC at 127.0.0.1:${server.grpcPort}` : `REST at 127.0.0.1:${server.restPort}`;

  it('calls serving_default where no signature is named', async () => {
    const { outputs, version, bytesSent } = await clientOf('scale', { protocol }).predict({ x: rows(1.5, NaN, -0) });
    expect(outputs).toEqual({ y: rows(3, NaN, -0), twice: rows(3, NaN, -0) });
    expect(version).toBe(protocol === 'GRPC' ? 2 : null);
    expect(bytesSent).toBeGreaterThan(10);
  });

  it('gives the outputs that are asked for', async () => {
    const { outputs } = await clientOf('scale', { protocol }).predict({ x: rows(2) }, { outputFilter: ['twice'] });
    expect(outputs).toEqual({ twice: rows(4) });
  });

  it.each([1.5, NaN, -Infinity, 2 ** 100])('reads the scalar %d', async (value) => {
    const x: TensorValue = { dtype: 'float32', shape: [1], values: Float32Array.of(value) };
    const { outputs } = await clientOf('scale', { protocol }).predict({ x }, { signatureName: 'total' });
    expect(outputs).toEqual({ sum: { dtype: 'float32', shape: [], values: Float32Array.of(value) } });
  });

  it('carries int64 exactly', async () => {
    const n: TensorValue = { dtype: 'int64', shape: [2], values: BigInt64Array.of(7n, -3n) };
    const { outputs } = await clientOf('scale', { protocol }).predict({ x: rows(1, 2), n }, { signatureName: 'two' });
    expect(Array.from(outputs.m?.values as Int32Array, Number)).toEqual([7, -3]);
  });

  it('sends bytes as strings, and answers as the model does', async () => {
    const images = await encodedImages();
    const signatureName = 'serving_bytes';
    const inputs = { image_bytes_string: { dtype: 'string', shape: [images.length], values: images } } as const;
    const expected = await lenet.predict({ spec: { name: 'lenet' }, signatureName, inputs });
    const client = clientOf('lenet', { protocol });
    expect((await client.predict({ image_bytes_string: images }, { signatureName })).outputs).toEqual(expected.outputs);
    expect((await client.predict(inputs, { signatureName })).outputs).toEqual(expected.outputs);
    const one = (await client.predict({ image_bytes_string: images[0] ?? '' }, { signatureName })).outputs;
    expect(one.output_0?.shape).toEqual([1, classNames.length]);
  });

  it('tells signatures, without those that TensorFlow keeps for itself', async () => {
    const { name, version, signatures } = await clientOf('lenet', { protocol }).metadata();
    expect([name, version]).toEqual(['lenet', 3]);
    expect(signatures).toEqual(lenet.find({ name: 'lenet' }).signatures);
    expect(Object.keys(signatures)).not.toContain('__saved_model_init_op');
  });

  it('tells the versions', async () => {
    const versions = [{ version: 3, state: 'AVAILABLE', error: null }];
    expect(await clientOf('lenet', { protocol }).status()).toEqual(versions);
    expect(await clientOf('lenet', { protocol, version: 3 }).status()).toEqual(versions);
  });

  it('classifies images of any sizes and formats', async () => {
    const images = await encodedImages();
    const labels = await clientOf('lenet', { protocol }).classifyImages(images);
    expect(labels.map((row) => row.length)).toEqual(images.map(() => 5));
    const all = await clientOf('lenet', { protocol }).classifyImages(images, { topK: 100 });
    for (const [i, row] of all.entries()) {
      expect(row.map(({ name }) => name).sort()).toEqual(classNames);
      expect(row.every(({ name, index }) => classNames[index] === name)).toBe(true);
      expect(row.reduce((total, { probability }) => total + probability, 0)).toBeCloseTo(1, 5);
      expect(row.map(({ probability }) => probability)).toEqual(
        row.map(({ probability }) => probability).sort((a, b) => b - a),
      );
      expect(row.slice(0, 5).map(({ index }) => index)).toEqual(labels[i]?.map(({ index }) => index));
    }
    expect(await clientOf('lenet', { protocol }).classifyImages([])).toEqual([]);
  });

  it('says which signatures a model has that classifies no images', async () => {
    await expect(clientOf('scale', { protocol }).classifyImages([Buffer.from('x')])).rejects.toThrow(
      /^The model "scale" has no signature serving_labels, serving_classify or serving_bytes that takes image files\. It has: [a-z_, ]*serving_default[a-z_, ]*\. Give a model that train-model wrote, or call predict with a signature of this one\.$/,
    );
  });

  it('passes on what the server says of an image that does not decode', async () => {
    const error = await failure(clientOf('lenet', { protocol }).classifyImages([Buffer.from('no image')]));
    expect(error.status).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain(`Asked for signature serving_labels of model "lenet" over ${where(servers.lenet)}`);
    expect(error.message).toContain('Answer: INVALID_ARGUMENT, ');
  });

  it('says what to do where nothing listens', async () => {
    const port = await freePort();
    const client = clientOf('lenet', { protocol, grpcPort: port, restPort: port });
    const error = await failure(client.metadata());
    expect(error).toMatchObject({ code: 'SERVER_ERROR', status: 'UNAVAILABLE' });
    const spoken = protocol === 'GRPC' ? 'gRPC' : 'REST';
    const [first, second, third] = error.message.split('\n');
    expect(first).toBe(`Asked for the metadata of model "lenet" over ${spoken} at 127.0.0.1:${port}.`);
    expect(second).toMatch(new RegExp(`^connect ECONNREFUSED 127\\.0\\.0\\.1:${port}\\b`));
    expect(third).toBe(
      `Nothing listens there. Is the server running, and is this its port for ${spoken}? The usual ports are 8500 for gRPC and 8501 for REST.`,
    );
  });

  it('says that a host is unknown', async () => {
    const error = await failure(clientOf('lenet', { protocol, host: 'no-such-host.invalid' }).status());
    expect(error.status).toBe('UNAVAILABLE');
    expect(error.message).toContain('There is no host "no-such-host.invalid": check --host.');
  });

  it('says that a model is unknown', async () => {
    const client = clientOf('lenet', { protocol, modelName: '../lenet' });
    for (const promise of [client.metadata(), client.predict({ x: rows(1) })]) {
      const error = await failure(promise);
      expect(error.status).toBe('NOT_FOUND');
      expect(error.message).toContain('of model "../lenet" over');
      expect(error.message).toContain('Answer: NOT_FOUND, Servable not found for request: Latest(../lenet).');
      expect(error.message).toContain('Give a model, and a version, that the server has');
    }
  });

  it('says that a version or a label is unknown', async () => {
    const version = await failure(clientOf('lenet', { protocol, version: 99 }).metadata());
    expect(version.message).toContain('of model "lenet" version 99 over');
    expect(version.message).toContain('Answer: NOT_FOUND, Servable not found for request: Specific(lenet, 99).');
    const label = await failure(clientOf('lenet', { protocol, label: 'canary' }).metadata());
    expect(label.message).toContain('of model "lenet" (canary) over');
    expect(label.message).toContain('Answer: INVALID_ARGUMENT, Unrecognized servable version label: canary.');
    expect(label.message).toContain('Give a model, and a version, that the server has');
  });

  it('passes on that a signature or an input is unknown', async () => {
    const client = clientOf('scale', { protocol });
    const signature = await failure(client.predict({ x: rows(1) }, { signatureName: 'nothing' }));
    expect(signature.status).toBe(protocol === 'GRPC' ? 'FAILED_PRECONDITION' : 'INVALID_ARGUMENT');
    expect(signature.message).toContain('"nothing" not found');
    expect((await failure(client.predict({ wrong: rows(1) }))).status).toBe('INVALID_ARGUMENT');
  });

  it('waits as long as it may', async () => {
    const { server, open } = await slowServer();
    const error = await failure(
      clientOf('scale', { protocol, timeoutMilliseconds: 1500 }, server).predict({ x: rows(1) }),
    );
    open();
    expect(error.status).toBe('DEADLINE_EXCEEDED');
    expect(error.message).toContain('No result came within 1.5 s.');
  });

  it('gives up when it is told to', async () => {
    const { server, open, asked } = await slowServer();
    const controller = new AbortController();
    const call = clientOf('scale', { protocol }, server).predict({ x: rows(1) }, { signal: controller.signal });
    await asked;
    controller.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    open();
    const again = clientOf('scale', { protocol }, server).predict({ x: rows(1) }, { signal: controller.signal });
    await expect(again).rejects.toThrow('enough');
  });

  it('brings a token, and says when the server wants another', async () => {
    const server = await served(lenet, { token: 'sesame' });
    expect((await clientOf('lenet', { protocol, token: 'sesame' }, server).metadata()).name).toBe('lenet');
    for (const token of [{}, { token: 'wrong' }]) {
      const error = await failure(clientOf('lenet', { protocol, ...token }, server).metadata());
      expect(error.status).toBe('UNAUTHENTICATED');
      expect(error.message).toContain("Give the server's token (token, --token-file).");
      expect(error.message).not.toContain('wrong');
    }
  });

  it('speaks TLS with a server whose certificate it was given', async () => {
    const tls = await selfSigned();
    const server = await served(lenet, { tls });
    const trusting = { protocol, host: 'localhost', tls: { ca: tls.certificate } };
    expect((await clientOf('lenet', trusting, server).status()).length).toBe(1);
    const untrusted = await failure(clientOf('lenet', { ...trusting, tls: true }, server).status());
    expect(untrusted.status).toBe('UNAVAILABLE');
    expect(untrusted.message).toContain('\nself-signed certificate.\n');
    expect(untrusted.message).toContain(
      "The server's certificate is not trusted, or it speaks no TLS: give the authority's certificate (tls.ca, --tls-ca), or leave TLS out.",
    );
    const plain = await failure(clientOf('lenet', { protocol }, server).status());
    expect(plain.message).toContain(`on this port?`);
  });

  it('says so when another protocol is spoken on the port', async () => {
    const { grpcPort, restPort } = servers.lenet;
    const error = await failure(clientOf('lenet', { protocol, grpcPort: restPort, restPort: grpcPort }).metadata());
    expect(error.message).toContain(`Does this server speak ${protocol === 'GRPC' ? 'gRPC' : 'REST'} without TLS`);
  });

  it('answers many calls at once over one connection', async () => {
    const client = clientOf('scale', { protocol });
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => client.predict({ x: rows(i) })));
    expect(answers.map(({ outputs }) => outputs.y)).toEqual(answers.map((_, i) => rows(2 * i)));
  });
});

describe('SignetClient', () => {
  it.each<[Partial<SignetClientOptions>, string]>([
    [{ host: 'http://x' }, 'host is a name or address alone, such as 127.0.0.1. Received: "http://x".'],
    [{ grpcPort: 0 }, 'grpcPort is a port, 1 to 65535. Received: 0.'],
    [{ restPort: 70000, protocol: 'REST' }, 'restPort is a port, 1 to 65535. Received: 70000.'],
    [{ modelName: '' }, 'modelName is the name of a model. Received: "".'],
    [{ version: -1 }, 'version is a whole number from 0. Received: -1.'],
    [{ version: 1, label: 'x' }, 'label is the name of a version, without a version. Received: "x".'],
    [{ timeoutMilliseconds: 0 }, 'timeoutMilliseconds is more than 0, less than 2^31. Received: 0.'],
    [{ token: 'a\nb' }, 'token is printable characters of ASCII. Received: "(hidden)".'],
    [{ protocol: 'SOAP' as Protocol }, 'protocol is GRPC or REST. Received: "SOAP".'],
  ])('refuses %j', (options, message) => {
    expect(() => new SignetClient({ modelName: 'm', ...options })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
    );
  });

  it('loads no TensorFlow', async () => {
    const module = path.resolve('src/client.ts');
    const code = `await import(${JSON.stringify(module)}); console.log(process.report.getReport().sharedObjects.some((f) => /tensorflow/.test(f)))`;
    const args = [...runTypeScript, '--input-type=module', '-e', code];
    expect((await promisify(execFile)(process.execPath, args)).stdout).toBe('false\n');
  });
});

/** A port that nothing listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function served(models: ModelServer, options: Parameters<typeof serveModelServer>[1]) {
  const server = await serveModelServer(models, options);
  onTestFinished(async () => {
    await server.end();
  });
  return server;
}

/** Answers when the gate is opened; `asked` settles when the first request has come. */
async function slowServer() {
  const gate = new EventEmitter();
  const opened = once(gate, 'open');
  const models = modelServerWith(scale, {
    predict: async (request) => {
      gate.emit('asked');
      await opened;
      return scale.predict(request);
    },
  });
  return { server: await served(models, {}), open: () => gate.emit('open'), asked: once(gate, 'asked') };
}
