import { gzipSync } from 'node:zlib';

import { create, toBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { grpcPath } from '../../src/client/grpc-services.js';
import type { RunningServer } from '../../src/serving/start-server.js';
import { GetModelStatusRequestSchema } from '../../src/tensorflow/protos/tensorflow_serving/apis/get_model_status_pb.js';
import { ModelService } from '../../src/tensorflow/protos/tensorflow_serving/apis/model_service_pb.js';
import { send } from '../helpers/servers/http-client.js';
import { flood, floods } from '../helpers/servers/http2-frames.js';
import { folderWithLenet, grpcClientForTest, serveFolder } from '../helpers/servers/served-lenet.js';
import '../helpers/servers/threads-given.js';

const mebi = 2 ** 20;
let server: RunningServer;

beforeAll(async () => {
  server = await serveFolder(await folderWithLenet(), {});
});
afterAll(() => server.drain());

/** How much memory an action takes at most, in MiB, as far as it is still taken at its end. */
async function rise(action: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage().rss;
  await action();
  return (process.memoryUsage().rss - before) / mebi;
}

async function othersAreAnswered(): Promise<void> {
  const request = create(GetModelStatusRequestSchema, { modelSpec: { name: 'LenetModel' } });
  const bytes = toBinary(GetModelStatusRequestSchema, request);
  const { code } = await grpcClientForTest(server.grpcPort).send(grpcPath(ModelService.method.getModelStatus), bytes);
  expect(code).toBe(status.OK);
  expect((await send(server.restPort, '/healthz')).status).toBe(200);
}

describe('a flood of frames', () => {
  it.each(Object.entries(floods))('takes no memory and keeps nobody waiting: %s', async (_, next) => {
    const upTo = (sent: number) => sent < 4 * mebi;
    expect(await rise(() => flood(server.grpcPort, next, upTo))).toBeLessThan(150);
    await othersAreAnswered();
  });

  it('ends the connection of a client that resets each call at once', async () => {
    const { resets = () => Buffer.alloc(0) } = floods;
    expect(await flood(server.grpcPort, resets, (sent) => sent < 4 * mebi)).toBe(true);
  });
});

/** `npm run bench:hostile` has a million. */
const deep = 200_000;
const nested = '['.repeat(deep);

describe('JSON of very many brackets', () => {
  it.each([
    ['/v1/models/LenetModel:predict', nested],
    ['/v1/models/LenetModel:predict', `{"instances":${nested}${']'.repeat(deep)}}`],
    ['/v1/models/LenetModel:predict', `{"inputs":${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}}`],
    ['/v1/models/LenetModel:predict', `{"x":${nested}${']'.repeat(deep)},"instances":[1]}`],
    ['/v1/models/LenetModel:classify', `{"examples":[{"a":${nested}${']'.repeat(deep)}}]}`],
    ['/v1/models/LenetModel:classify', `{"examples":${nested}`],
    ['/v2/models/LenetModel/infer', `{"inputs":[{"name":"a","datatype":"FP32","shape":[1],"data":${nested}${']'.repeat(deep)}}]}`],
    ['/v2/models/LenetModel/infer', `{"parameters":${nested}${']'.repeat(deep)},"inputs":[]}`],
    ['/v1/models/LenetModel:classify-image', nested],
  ])('is refused in words: %s', async (route, body) => {
    let answer = { status: 0, text: '' };
    const taken = await rise(async () => (answer = await send(server.restPort, route, { body })));
    expect(answer.status, answer.text.slice(0, 200)).toBeGreaterThanOrEqual(400);
    expect(answer.status, answer.text.slice(0, 200)).toBeLessThan(500);
    expect(answer.text).not.toContain('call stack');
    expect(taken).toBeLessThan(300);
    await othersAreAnswered();
  }); // prettier-ignore
});

describe('a compressed body over REST', () => {
  const whole = gzipSync(Buffer.alloc(200 * mebi, ' '));

  it.each([
    ['that would be 200 MiB', whole],
    ['with something behind it', Buffer.concat([gzipSync('{"instances":[1]}'), Buffer.from('garbage')])],
    ['that is cut short', whole.subarray(0, 1000)],
  ])('%s is refused', async (_, body) => {
    const headers = { 'content-encoding': 'gzip' };
    let answer = { status: 0, text: '' };
    const taken = await rise(
      async () => (answer = await send(server.restPort, '/v1/models/LenetModel:predict', { body, headers })),
    );
    expect([400, 413, 415], answer.text.slice(0, 200)).toContain(answer.status);
    expect(taken).toBeLessThan(100);
    await othersAreAnswered();
  });
});
