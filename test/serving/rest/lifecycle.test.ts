import { connect } from 'node:net';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import { setTimeout as wait } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { LocalModelServer } from '../../helpers/servers/local-model-server.js';
import type { ModelServer } from '../../../src/serving/model-server.js';
import { createRestServer } from '../../../src/serving/rest/create-rest-server.js';
import { ServingError } from '../../../src/serving/serving-error.js';
import { ModelStore } from '../../../src/serving/store/model-store.js';
import { Agent, parseAnswers, send, sendRaw } from '../../helpers/servers/http-client.js';
import { saveKinds } from '../../helpers/models/save-kinds.js';
import { selfSigned } from '../../helpers/servers/self-signed.js';
import { serveRestForTest } from '../../helpers/servers/serve-rest.js';
import { slowModels } from './slow-models.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

const predict = '/v1/models/kinds:predict';
const body = '{"inputs": [1]}';
const answered = '{"outputs": [2.0]}';
/** As it goes over a connection that stays open. */
const rawPredict = `POST ${predict} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

let folder: string;
let models: LocalModelServer;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  const directory = path.join(folder, 'kinds', '1');
  await saveKinds(directory);
  models = await LocalModelServer.load(directory, 'kinds');
});
afterAll(() => models.dispose());

describe('a request', () => {
  it('gives its deadline to the model, counted from when it has come whole', async () => {
    const { slow, asked, answer } = slowModels(models);
    answer();
    const { port } = await serveRestForTest(slow, { timeoutMilliseconds: 5000 });
    const socket = connect(port, '127.0.0.1');
    socket.write(rawPredict.slice(0, -1));
    await wait(100);
    const before = Date.now();
    socket.write(rawPredict.slice(-1));
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
    expect(asked[0]?.deadline).toBeGreaterThanOrEqual(before + 5000);
    expect(asked[0]?.deadline).toBeLessThanOrEqual(Date.now() + 5000);
  });

  it('is answered 504 when its deadline has passed', async () => {
    // A batch that waits for others as long as no request may.
    const store = await ModelStore.start({ modelFolder: folder, batching: { batchTimeoutMicros: 3_600_000_000 } });
    onTestFinished(() => store.drain());
    const { port, events } = await serveRestForTest(store, { timeoutMilliseconds: 200 });
    const { status, text } = await send(port, predict, { body });
    expect([status, JSON.parse(text)]).toEqual([504, { error: 'Deadline Exceeded' }]);
    expect(events).toMatchObject([{ status: 'DEADLINE_EXCEEDED', httpStatus: 504 }]);
  });

  it('whose client goes tells the model so', async () => {
    const { slow, asked, answer, isAsked } = slowModels(models);
    const { port, events } = await serveRestForTest(slow);
    const socket = connect(port, '127.0.0.1');
    socket.write(rawPredict);
    await isAsked;
    const signal = asked[0]?.signal;
    const aborted = new Promise<void>((resolve) => signal?.addEventListener('abort', resolve));
    socket.destroy();
    await aborted;
    answer();
    await until(() => events.length === 1);
  });

  it('whose client goes while it sends is logged as cancelled', async () => {
    const { port, events } = await serveRestForTest(models);
    const socket = connect(port, '127.0.0.1');
    socket.write(rawPredict.slice(0, -1));
    await wait(50);
    socket.resetAndDestroy();
    await until(() => events.length === 1);
    expect(events).toMatchObject([{ status: 'CANCELLED', httpStatus: 499, model: 'kinds' }]);
  });

  it('that fails for a reason of the server says no more than that', async () => {
    const failure = new Error('/secret/path is gone');
    const broken: ModelServer = { ...slowModels(models).slow, predict: () => Promise.reject(failure) };
    const { port, errors } = await serveRestForTest(broken);
    const { status, text } = await send(port, predict, { body });
    expect([status, JSON.parse(text)]).toEqual([500, { error: 'The server failed to answer; its log says why.' }]);
    expect(errors).toEqual([failure]);
  });

  it.each([
    ['CANCELLED', 499], ['UNKNOWN', 500], ['INVALID_ARGUMENT', 400], ['DEADLINE_EXCEEDED', 504], ['NOT_FOUND', 404],
    ['ALREADY_EXISTS', 409], ['PERMISSION_DENIED', 403], ['RESOURCE_EXHAUSTED', 429], ['FAILED_PRECONDITION', 400],
    ['ABORTED', 409], ['OUT_OF_RANGE', 400], ['UNIMPLEMENTED', 501], ['INTERNAL', 500], ['UNAVAILABLE', 503],
    ['DATA_LOSS', 500], ['UNAUTHENTICATED', 401],
  ] as const)('that ends as %s is answered %d', async (code, expected) => {
    const failing: ModelServer = { ...slowModels(models).slow, predict: () => Promise.reject(new ServingError(code, 'why')) };
    const { port } = await serveRestForTest(failing);
    const { status, text, headers } = await send(port, predict, { body });
    expect([status, JSON.parse(text)]).toEqual([expected, { error: 'why' }]);
    expect(headers['retry-after']).toBe(expected === 429 || expected === 503 ? '1' : undefined);
  }); // prettier-ignore

  it('may ask first whether to send its body', async () => {
    const { port } = await serveRestForTest(models, { maxBodyBytes: 1000 });
    const head = (length: number) => `POST ${predict} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`;
    const socket = connect(port, '127.0.0.1');
    socket.write(head(body.length));
    const [first] = await new Promise<[Buffer]>((resolve) => socket.once('data', (data: Buffer) => resolve([data])));
    expect(first.toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    socket.write(body);
    const [second] = await new Promise<[Buffer]>((resolve) => socket.once('data', (data: Buffer) => resolve([data])));
    expect(second.toString()).toMatch(/^HTTP\/1\.1 200 /);
    const refused = connect(port, '127.0.0.1');
    refused.write(head(1001));
    const [third] = await new Promise<[Buffer]>((resolve) => refused.once('data', (data: Buffer) => resolve([data])));
    expect(third.toString()).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
    refused.destroy();
  }); // prettier-ignore

  it('may follow others before they are answered', async () => {
    const { port } = await serveRestForTest(models);
    const last = rawPredict.replace('Host: a', 'Host: a\r\nConnection: close');
    const answers = parseAnswers(await sendRaw(port, rawPredict.repeat(50) + last));
    expect(answers.map((answer) => [answer.status, answer.body])).toEqual(Array.from({ length: 51 }, () => [200, answered]));
  }); // prettier-ignore

  it('may come from a client that has closed its side, and from HTTP/1.0', async () => {
    const { port } = await serveRestForTest(models);
    expect(parseAnswers(await sendRaw(port, rawPredict, true))).toMatchObject([{ status: 200, body: answered }]);
    const old = rawPredict.replace('HTTP/1.1', 'HTTP/1.0').replace('Host: a\r\n', '');
    expect(parseAnswers(await sendRaw(port, old))).toMatchObject([{ status: 200, body: answered }]);
    const noHost = rawPredict.replace('Host: a', 'Connection: close');
    expect(parseAnswers(await sendRaw(port, noHost))).toMatchObject([{ status: 200, body: answered }]);
  });

  it('is answered though garbage follows it', async () => {
    const { slow, answer, isAsked } = slowModels(models);
    const { port } = await serveRestForTest(slow);
    const received = sendRaw(port, `${rawPredict}\0garbage`);
    await isAsked;
    await wait(50);
    answer();
    expect(parseAnswers(await received)).toMatchObject([
      { status: 200, body: answered },
      { status: 400, body: '{"error":"The request is not HTTP."}' },
    ]);
  });
});

describe('drain', () => {
  it('answers what is in flight and what comes over open connections, then closes them', async () => {
    const { slow, answer, isAsked } = slowModels(models);
    const { port, server } = await serveRestForTest(slow);
    const agent = new Agent({ keepAlive: true });
    const open = await Promise.all(Array.from({ length: 20 }, () => send(port, '/healthz', { agent })));
    for (const { headers } of open) expect(headers.connection).toBe('keep-alive');
    const inFlight = send(port, predict, { body });
    await isAsked;
    const drained = server.drain();
    const late = Array.from({ length: 20 }, () => send(port, predict, { body, agent }));
    await expect(send(port, '/healthz')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    answer();
    for (const { status, headers, text } of [await inFlight, ...(await Promise.all(late))]) {
      expect([status, headers.connection, text]).toEqual([200, 'close', answered]);
    }
    await drained;
    await server.drain();
    agent.destroy();
  });

  it('closes connections that say nothing, over TLS too', async () => {
    const { certificate, key } = await selfSigned();
    for (const tls of [undefined, { certificate, key }]) {
      const { port, server } = await serveRestForTest(models, tls ? { tls } : {});
      const open = () => (tls ? connectTls({ port, host: '127.0.0.1', ca: certificate }) : connect(port, '127.0.0.1'));
      const silent = open();
      const spoken = open();
      const closed = [silent, spoken].map((socket) => new Promise((resolve) => socket.resume().once('close', resolve)));
      await new Promise((resolve) => silent.once(tls ? 'secureConnect' : 'connect', resolve));
      await new Promise((resolve) => spoken.once('data', resolve).write('GET /healthz HTTP/1.1\r\n\r\n'));
      await server.drain();
      await Promise.all(closed);
    }
  });

  it('cuts off in the end those who do not finish their TLS handshake', async () => {
    const { port, server } = await serveRestForTest(models, { tls: await selfSigned(), drainMilliseconds: 50 });
    const socket = connect(port, '127.0.0.1');
    const closed = new Promise((resolve) => socket.resume().once('close', resolve));
    await new Promise((resolve) => socket.once('connect', resolve));
    await server.drain();
    await closed;
  });

  it('waits no longer than it may', async () => {
    const { slow, isAsked, answer } = slowModels(models);
    const { port, server } = await serveRestForTest(slow, { drainMilliseconds: 50 });
    const inFlight = send(port, predict, { body }).then(() => 'answered', () => 'cut off'); // prettier-ignore
    await isAsked;
    await server.drain();
    expect(await inFlight).toBe('cut off');
    answer();
  });

  it('is not what a second server on the port does: it says that the port is taken', async () => {
    const { port } = await serveRestForTest(models);
    await expect(createRestServer([]).start('127.0.0.1', port)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `REST cannot listen on 127.0.0.1:${port}: another program listens there. Give another port or host.`,
    });
  });
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await wait(5);
}
