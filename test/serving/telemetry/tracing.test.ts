import path from 'node:path';

import { Metadata } from '@grpc/grpc-js';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';

import { toTensorProto } from '../../../src/saved-model/read/tensor-proto-value.js';
import type { RunningServer } from '../../../src/serving/start-server.js';
import { startTracing } from '../../../src/serving/telemetry/start-tracing.js';
import { PredictionService } from '../../../src/tensorflow/protos/tensorflow_serving/apis/prediction_service_pb.js';
import { saveScale } from '../../helpers/models/save-scale.js';
import { grpcClientForTest, serveFolder } from '../../helpers/servers/served-lenet.js';
import { send } from '../../helpers/servers/http-client.js';
import { OtlpReceiver, type ReceivedSpan } from '../../helpers/servers/otlp-receiver.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const parentId = '00f067aa0ba902b7';
const traceparent = `00-${traceId}-${parentId}-01`;
const predict = '/v1/models/Scale:predict';
const body = '{"instances": [[1, 2], [3, 4]]}';

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolderForAll();
  await saveScale(path.join(folder, 'models', 'Scale'), 1, 3);
});

/** Starts a server that sends spans, lets it answer, and ends it. @returns What the collector has got. */
async function traced(ask: (server: RunningServer) => Promise<unknown>): Promise<OtlpReceiver> {
  const receiver = await OtlpReceiver.start();
  onTestFinished(() => receiver.close());
  const server = await serveFolder(folder, { otlpEndpoint: receiver.url });
  try {
    await ask(server);
  } finally {
    await server.drain();
  }
  return receiver;
}

const named = ({ spans }: OtlpReceiver, name: string): ReceivedSpan => {
  const found = spans.filter((span) => span.name === name);
  if (found.length !== 1 || !found[0])
    throw new Error(`${found.length} spans ${name} of ${spans.map((each) => each.name).join(', ')}`);
  return found[0];
};

describe('traces', () => {
  it('follow a request over REST from the trace that it names, down to the session', async () => {
    const receiver = await traced(({ restPort }) =>
      send(restPort, `${predict}?x=secret`, { body, headers: { traceparent, 'user-agent': 'test/1' } }),
    );
    expect(receiver.requests[0]).toEqual({ path: '/v1/traces', type: 'application/x-protobuf' });
    const request = named(receiver, 'POST /v1/models/{name}:predict');
    expect([request.traceId, request.parentSpanId, request.kind, request.status]).toEqual([traceId, parentId, 2, 0]);
    expect(request.resource).toMatchObject({ 'service.name': 'signet', 'service.version': '1' });
    expect(request.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/v1/models/{name}:predict',
      'http.response.status_code': 200,
      'url.path': predict,
      'url.scheme': 'http',
      'server.address': '127.0.0.1',
      'client.address': '127.0.0.1',
      'user_agent.original': 'test/1',
      'signet.model.name': 'Scale',
      'signet.model.version': 1,
      'signet.signature': 'serving_default',
      'signet.status': 'OK',
      'signet.request.size': body.length,
    });
    const [wait, run] = [named(receiver, 'batch.wait'), named(receiver, 'session.run')];
    for (const child of [wait, run]) {
      expect([child.traceId, child.parentSpanId]).toEqual([traceId, request.spanId]);
      expect(child.start).toBeGreaterThanOrEqual(request.start);
      expect(child.end).toBeGreaterThanOrEqual(child.start);
    }
    expect(run.start).toBe(wait.end);
    expect(run.attributes).toMatchObject({ 'signet.batch.size': 2, 'signet.batch.requests': 1 });
  });

  it('follow a request over gRPC', async () => {
    const x = toTensorProto({ dtype: 'float32', shape: [3, 1], values: Float32Array.of(1, 2, 3) });
    const receiver = await traced(async ({ grpcPort }) => {
      const client = grpcClientForTest(grpcPort);
      const metadata = new Metadata();
      metadata.set('traceparent', traceparent);
      await client.call(PredictionService.method.predict, { modelSpec: { name: 'Scale' }, inputs: { x } }, metadata);
      await client.call(PredictionService.method.predict, { modelSpec: { name: 'none' } });
    });
    const name = 'tensorflow.serving.PredictionService/Predict';
    const [ok, refused] = receiver.spans.filter((span) => span.name === name);
    expect([ok?.traceId, ok?.parentSpanId, ok?.kind]).toEqual([traceId, parentId, 2]);
    expect(ok?.attributes).toMatchObject({
      'rpc.system': 'grpc',
      'rpc.service': 'tensorflow.serving.PredictionService',
      'rpc.method': 'Predict',
      'rpc.grpc.status_code': 0,
      'client.address': '127.0.0.1',
      'signet.model.name': 'Scale',
    });
    expect(named(receiver, 'session.run')).toMatchObject({ traceId, parentSpanId: ok?.spanId });
    // Without a context, a trace of its own; what the client does wrong is not an error of the server's.
    expect(refused?.traceId).not.toBe(traceId);
    expect([refused?.parentSpanId, refused?.status, refused?.attributes['rpc.grpc.status_code']]).toEqual(['', 0, 5]);
  });

  it('leave out health checks, and what a trace says is not to be kept', async () => {
    const receiver = await traced(async ({ restPort }) => {
      await send(restPort, '/healthz');
      await send(restPort, predict, { body, headers: { traceparent: traceparent.replace(/01$/, '00') } });
      await send(restPort, '/v1/models/none');
    });
    expect(receiver.spans.map(({ name, status }) => [name, status])).toEqual([['GET /v1/models/{name}', 0]]);
  });

  it('count what is computed together, and a request that is cut as one', async () => {
    const rows = JSON.stringify({ instances: Array.from({ length: 100 }, (_, i) => [i]) });
    const receiver = await traced(({ restPort }) => send(restPort, predict, { body: rows }));
    expect(named(receiver, 'session.run').attributes).toMatchObject({ 'signet.batch.size': 100 });
  });

  it('mark what the model fails at', async () => {
    const bad = '{"signature_name": "means", "instances": [{"b64": "AAAA"}]}';
    const receiver = await traced(({ restPort }) => send(restPort, predict, { body: bad }));
    expect(named(receiver, 'session.run').status).toBe(2);
    expect(named(receiver, 'POST /v1/models/{name}:predict')).toMatchObject({ status: 0, attributes: { 'http.response.status_code': 400 } }); // prettier-ignore
  });
});

describe('a collector that is away', () => {
  it('is reported once, harms no request, and does not keep the server from ending', async () => {
    const receiver = await OtlpReceiver.start();
    const { url } = receiver;
    await receiver.close();
    vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '50');
    vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '300');
    onTestFinished(() => void vi.unstubAllEnvs());
    const warnings: string[] = [];
    const server = await serveFolder(folder, {
      otlpEndpoint: url,
      onStoreEvent: (event) => {
        if (event.type === 'log' && event.level === 'warning') warnings.push(event.message);
      },
    });
    for (let i = 0; i < 3; i += 1) {
      expect((await send(server.restPort, predict, { body })).status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 600));
    }
    const started = performance.now();
    await server.drain();
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(warnings).toEqual([expect.stringMatching(/^Traces cannot be sent to http:\/\/127\.0\.0\.1:\d+\/v1\/traces: .+\. Requests are answered all the same; what is not sent is dropped\.$/)]); // prettier-ignore
  });

  it('is refused by its address where that is none', async () => {
    const start = (endpoint: string) => startTracing({ endpoint, serverVersion: '1', onWarning: () => undefined });
    for (const endpoint of ['localhost:4318', 'grpc://localhost:4317', '']) {
      await expect(start(endpoint)).rejects.toThrow(
        `--otlp-endpoint is the address of a collector that takes OTLP over HTTP, such as http://localhost:4318. Received: ${endpoint}.`,
      );
    }
  });
});
