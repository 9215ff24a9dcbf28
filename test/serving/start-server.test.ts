import { cp, mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { Metadata } from '@grpc/grpc-js';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { toTensorProto } from '../../src/saved-model/read/tensor-proto-value.js';
import { type RunningServer, type ServerOptions, startServer } from '../../src/serving/start-server.js';
import type { TensorProto } from '../../src/tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import { ModelService } from '../../src/tensorflow/protos/tensorflow_serving/apis/model_service_pb.js';
import { PredictionService } from '../../src/tensorflow/protos/tensorflow_serving/apis/prediction_service_pb.js';
import { RawGrpcClient } from '../helpers/servers/grpc-client.js';
import { pngClaiming } from '../helpers/data/hostile-images.js';
import { Agent, send, sendJson } from '../helpers/servers/http-client.js';
import { saveScale } from '../helpers/models/save-scale.js';
import { temporaryFolder, temporaryFolderForAll } from '../helpers/temporary-folder.js';
import '../helpers/servers/threads-given.js';

/** SavedModels whose factor is their version. */
let saved: string;

beforeAll(async () => {
  saved = await temporaryFolderForAll();
  for (let version = 1; version <= 2; version += 1) await saveScale(saved, version);
});

async function add(basePath: string, version: number): Promise<void> {
  await mkdir(basePath, { recursive: true });
  await cp(path.join(saved, String(version)), path.join(basePath, `.${version}`), { recursive: true });
  await rename(path.join(basePath, `.${version}`), path.join(basePath, String(version)));
}

/** A server of the model `m`, whose version 1 is `stable`. */
async function start(
  options: Partial<ServerOptions> = {},
  versions = [1],
): Promise<Pick<RunningServer, 'restPort' | 'grpcPort' | 'store'> & { basePath: string; drain: () => Promise<void> }> {
  const basePath = path.join(await temporaryFolder(), 'm');
  for (const version of versions) await add(basePath, version);
  const models = [{ name: 'm', basePath, policy: { kind: 'all' }, labels: new Map([['stable', 1]]) }] as const;
  const server = await startServer({ restPort: 0, grpcPort: 0, pollSeconds: 0, models, ...options }, '1.2.3');
  onTestFinished(() => server.drain());
  return { ...server, drain: () => server.drain(), basePath };
}

function grpcClient(port: number): RawGrpcClient {
  const client = new RawGrpcClient(port);
  onTestFinished(() => client.close());
  return client;
}

const body = { instances: [[1]] };
const x = toTensorProto({ dtype: 'float32', shape: [1, 1], values: Float32Array.of(1) });

describe('startServer', () => {
  it('answers for versions and labels, over both protocols alike', async () => {
    const { restPort, grpcPort } = await start({}, [1, 2]);
    const client = grpcClient(grpcPort);
    for (const [route, versionChoice, factor] of [
      ['', { case: undefined }, 2],
      ['/versions/1', { case: 'version', value: { value: 1n } }, 1],
      ['/versions/2', { case: 'version', value: { value: 2n } }, 2],
      ['/labels/stable', { case: 'versionLabel', value: 'stable' }, 1],
    ] as const) {
      expect(await sendJson(restPort, `/v1/models/m${route}:predict`, body)).toEqual({
        ...{ status: 200, json: { predictions: [{ y: [factor], twice: [2] }] } },
      });
      const request = { modelSpec: { name: 'm', versionChoice }, inputs: { x } };
      const { outputs } = await client.answer(PredictionService.method.predict, request);
      expect(outputs.y?.floatVal).toEqual([factor]);
    }
    const { json } = await sendJson(restPort, '/v1/models/m');
    expect(json).toMatchObject({ model_version_status: [{ version: '2', state: 'AVAILABLE' }, { version: '1', state: 'AVAILABLE' }] });
    expect((await sendJson(restPort, '/v1/models/m/labels/stable')).json).toMatchObject({ model_version_status: [{ version: '1' }] });
    expect((await sendJson(restPort, '/v1/models/m/labels/stable/metadata')).json).toMatchObject({ model_spec: { version: '1' } });
    expect((await sendJson(restPort, '/v2/models/m')).json).toMatchObject({ versions: ['2', '1'] });
    expect((await send(restPort, '/')).headers['content-type']).toBe('text/html; charset=utf-8');
  }); // prettier-ignore

  it('answers every request while versions are swapped', async () => {
    const basePath = path.join(await temporaryFolder(), 'm');
    await add(basePath, 1);
    const { restPort, store } = await start({ models: [{ name: 'm', basePath }] });
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const factors = new Set<number>();
    let isOver = false;
    const asking = Array.from({ length: 4 }, async (_, i) => {
      const infer = { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [1] }], outputs: [{ name: 'y' }] };
      while (!isOver) {
        const [route, given] = i % 2 === 0 ? ['/v1/models/m:predict', body] : ['/v2/models/m/infer', infer];
        const { status, text } = await send(restPort, route, { body: JSON.stringify(given), agent });
        expect([status, text]).toEqual([200, text]);
        factors.add(Number(/("y": \[|"data":\[)(\d)/.exec(text)?.[2]));
      }
    });
    await send(restPort, '/v1/models/m:predict', { body: JSON.stringify(body) });
    await add(basePath, 2);
    await store.poll();
    while (!factors.has(2)) await Promise.race([...asking, wait(10)]);
    isOver = true;
    await Promise.all(asking);
    agent.destroy();
    expect([...factors].sort()).toEqual([1, 2]);
  });

  it('has a document and a page for a model that has no version yet', async () => {
    const empty = path.join(await temporaryFolder(), 'empty');
    await mkdir(empty);
    const { restPort } = await start({ models: [{ name: 'empty', basePath: empty }] });
    expect((await sendJson(restPort, '/readyz')).status).toBe(503);
    expect((await sendJson(restPort, '/openapi.json')).status).toBe(200);
    expect(await sendJson(restPort, '/page/models.json')).toEqual({
      ...{ status: 200, json: [{ name: 'empty', versions: [] }] },
    });
    expect(await sendJson(restPort, '/v1/models/empty')).toEqual({
      ...{ status: 404, json: { error: 'Could not find any versions of model empty' } },
    });
  });

  it('limits what requests may cost, over both protocols', async () => {
    const { restPort, grpcPort } = await start({ maxRequestBytes: 100_000, pixelLimits: { maxPixels: 199 } });
    const client = grpcClient(grpcPort);
    expect((await send(restPort, '/v1/models/m:predict', { body: Buffer.alloc(100_001) })).status).toBe(413);
    const huge = toTensorProto({ dtype: 'float32', shape: [1, 30_000], values: new Float32Array(30_000) });
    const predict = (inputs: Record<string, TensorProto>, signatureName = '') =>
      client.call(PredictionService.method.predict, { modelSpec: { name: 'm', signatureName }, inputs });
    expect((await predict({ x: huge })).code).toBe(8);
    const image = await pngClaiming(20, 10);
    const pictures = toTensorProto({ dtype: 'string', shape: [1], values: [image] });
    const error = 'An image would be 200 pixels when decoded; the server takes 199 pixels. Send smaller ones.';
    expect(await predict({ pictures }, 'means')).toMatchObject({ code: 8, details: error });
    const instances = [{ b64: image.toString('base64') }];
    expect(await sendJson(restPort, '/v1/models/m:predict', { signature_name: 'means', instances })).toEqual({
      ...{ status: 413, json: { error } },
    });
  });

  it('asks for one token over both protocols', async () => {
    const { restPort, grpcPort } = await start({ token: 'sesame' });
    expect((await sendJson(restPort, '/v1/models/m:predict', body)).status).toBe(401);
    const headers = { Authorization: 'Bearer sesame' };
    expect((await send(restPort, '/v1/models/m:predict', { body: JSON.stringify(body), headers })).status).toBe(200);
    const { code } = await grpcClient(grpcPort).call(PredictionService.method.predict, { modelSpec: { name: 'm' } });
    expect(code).toBe(16);
    expect((await send(restPort, '/')).status).toBe(200);
  });

  it('counts requests of both protocols and batches in its metrics', async () => {
    const { restPort, grpcPort } = await start();
    await sendJson(restPort, '/v1/models/m:predict', body);
    const client = grpcClient(grpcPort);
    await client.answer(PredictionService.method.predict, { modelSpec: { name: 'm' }, inputs: { x } });
    const { text } = await send(restPort, '/monitoring/prometheus/metrics');
    for (const line of [
      ':tensorflow:serving:request_count{model_name="m",status="OK"} 2',
      ':tensorflow:serving:request_latency_count{model_name="m",API="predict",entrypoint="REST"} 1',
      ':tensorflow:serving:request_latency_count{model_name="m",API="predict",entrypoint="GRPC"} 1',
      ':tensorflow:serving:runtime_latency_count{model_name="m",API="predict",runtime="TF2"} 2',
      ':signet:model_version_available{model_name="m",version="1"} 1',
      ':signet:model_precision{model_name="m",version="1",precision="float32"} 1',
    ]) {
      expect(text).toContain(line);
    }
  });

  it('lets clients replace the models only where it is told to', async () => {
    const roots = path.dirname(await temporaryFolder());
    const token = 'a-token-of-many-characters';
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    for (const [options, code] of [[{ token }, 7], [{ token, reloadRoots: [roots] }, 0]] as const) {
      const { grpcPort, basePath } = await start(options);
      const config = [{ name: 'n', basePath, modelPlatform: 'tensorflow' }];
      const { code: answered } = await grpcClient(grpcPort).call(ModelService.method.handleReloadConfigRequest, {
        config: { config: { case: 'modelConfigList', value: { config } } },
      }, metadata);
      expect(answered).toBe(code);
    }
  }); // prettier-ignore

  it('answers what has come when it is told to end, then is gone', async () => {
    const { restPort, grpcPort, drain } = await start({ batching: { batchTimeoutMicros: 300_000 } });
    const agent = new Agent({ keepAlive: true });
    await send(restPort, '/healthz', { agent });
    const asked = Array.from({ length: 10 }, () => sendJson(restPort, '/v1/models/m:predict', body));
    const client = grpcClient(grpcPort);
    const called = client.call(PredictionService.method.predict, { modelSpec: { name: 'm' }, inputs: { x } });
    await wait(100);
    // Connections are accepted in their order: when this one has its answer, however slow the machine is, those before it have come.
    await send(restPort, '/healthz');
    const drained = drain();
    const late = send(restPort, '/v1/models/m:predict', { body: JSON.stringify(body), agent });
    expect((await send(restPort, '/healthz').catch((error: unknown) => error)) as object).toMatchObject({
      code: 'ECONNREFUSED',
    });
    for (const { status } of await Promise.all(asked)) expect(status).toBe(200);
    expect((await called).code).toBe(0);
    expect((await late).status).toBe(200);
    await drained;
    agent.destroy();
  });

  it('gives up the one port when the other is taken', async () => {
    const { restPort } = await start();
    await expect(startServer({ restPort, grpcPort: 0, pollSeconds: 0 }, '1')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(`REST cannot listen on 127.0.0.1:${restPort}`) as string,
    });
  });
});
