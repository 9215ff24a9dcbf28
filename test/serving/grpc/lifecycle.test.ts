import path from 'node:path';

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { type ClientReadableStream, credentials, Metadata, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import type { CancelSignal } from '../../../src/serving/cancellation.js';
import { createGrpcServer, type GrpcServerOptions } from '../../../src/serving/grpc/create-grpc-server.js';
import { LocalModelServer } from '../../helpers/servers/local-model-server.js';
import type { ModelServer, PredictRequest } from '../../../src/serving/model-server.js';
import type { RequestEvent } from '../../../src/serving/request-event.js';
import { ServingError } from '../../../src/serving/serving-error.js';
import { Servable } from '../../../src/signatures/servable.js';
import { grpcPath } from '../../../src/client/grpc-services.js';
import { ModelService } from '../../../src/tensorflow/protos/tensorflow_serving/apis/model_service_pb.js';
import { PredictRequestSchema } from '../../../src/tensorflow/protos/tensorflow_serving/apis/predict_pb.js';
import { PredictionService } from '../../../src/tensorflow/protos/tensorflow_serving/apis/prediction_service_pb.js';
import type * as tf from '../../../src/tensorflow/tf.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../../src/tracing/tf-function.js';
import { RawGrpcClient } from '../../helpers/servers/grpc-client.js';
import { selfSigned } from '../../helpers/servers/self-signed.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

class Adder extends Servable {
  readonly add = tfFunction((x: tf.Tensor) => ({ y: x.add(1) }), {
    inputSignature: { x: tensorSpec('float32', [null]) },
  });
}

const { predict } = PredictionService.method;
const request = {
  modelSpec: { name: 'adder' },
  inputs: { x: { dtype: 1, tensorShape: { dim: [{ size: 1n }] }, floatVal: [1] } },
};

let models: LocalModelServer;
beforeAll(async () => {
  const directory = path.join(await temporaryFolderForAll(), '1');
  const adder = new Adder();
  await adder.save(directory, { signatures: { serving_default: adder.add } });
  models = await LocalModelServer.load(directory, 'adder');
});
afterAll(() => models.dispose());

/** A server of the model that answers no sooner than it is told to, and remembers what it was asked. */
function slowServer() {
  const asked: PredictRequest[] = [];
  let answer: () => void = () => undefined;
  let hear: () => void = () => undefined;
  const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
  const isAsked = new Promise<void>((resolve) => (hear = resolve));
  const slow: ModelServer = {
    modelNames: models.modelNames,
    find: (spec) => models.find(spec),
    status: (spec) => models.status(spec),
    predict: async (given) => {
      asked.push(given);
      hear();
      await mayAnswer;
      return models.predict(given);
    },
  };
  return { slow, asked, answer: () => answer(), isAsked };
}

async function serve(server: ModelServer, options: GrpcServerOptions = {}) {
  const events: RequestEvent[] = [];
  const grpcServer = createGrpcServer(server, { ...options, onRequest: (event) => events.push(event) });
  const port = await grpcServer.start('127.0.0.1', 0);
  const client = new RawGrpcClient(port);
  onTestFinished(async () => {
    client.close();
    await grpcServer.drain();
  });
  return { grpcServer, client, events, port };
}

describe('a call', () => {
  it('gives its deadline to the model, and ends when it has passed', async () => {
    const { slow, asked, answer } = slowServer();
    const { client, events } = await serve(slow);
    await client.connected();
    // On a busy machine a short time may pass before the server has heard the call.
    for (let milliseconds = 200; asked.length === 0; milliseconds *= 3) {
      const deadline = Date.now() + milliseconds;
      const { code } = await client.call(predict, request, new Metadata(), { deadline });
      expect(code).toBe(status.DEADLINE_EXCEEDED);
    }
    const [given] = asked;
    await aborted(given?.signal);
    expect(given?.deadline).toBeTypeOf('number');
    expect(events.map(({ status: ended }) => ended)).toEqual(['DEADLINE_EXCEEDED']);
    answer();
  });

  it('gives no deadline where there is none', async () => {
    const { slow, asked, answer } = slowServer();
    const { client } = await serve(slow);
    answer();
    expect((await client.call(predict, request)).code).toBe(status.OK);
    expect(asked[0]?.deadline).toBeUndefined();
  });

  it('that is cancelled tells the model so', async () => {
    const { slow, asked, answer, isAsked } = slowServer();
    const { client, events } = await serve(slow);
    const bytes = toBinary(PredictRequestSchema, create(PredictRequestSchema, request));
    const asItIs = (buffer: Buffer) => buffer;
    const ended = new Promise<number | undefined>((resolve) => {
      const call = client.client.makeUnaryRequest(grpcPath(predict), asItIs, asItIs, Buffer.from(bytes), (error) => resolve(error?.code));
      void isAsked.then(() => call.cancel());
    });
    expect(await ended).toBe(status.CANCELLED);
    await aborted(asked[0]?.signal);
    expect(events.map((event) => event.status)).toEqual(['CANCELLED']);
    answer();
  }); // prettier-ignore

  it('that fails for a reason of the server says no more than that', async () => {
    const errors: unknown[] = [];
    const failure = new Error('/secret/path is gone');
    const broken: ModelServer = { ...slowServer().slow, predict: () => Promise.reject(failure) };
    const { client } = await serve(broken, { onError: (error) => errors.push(error) });
    const { code, details } = await client.call(predict, request);
    expect([code, details]).toEqual([status.INTERNAL, 'The server failed to answer; its log says why.']);
    expect(errors).toEqual([failure]);
  });

  it('ends with the status of a ServingError', async () => {
    const full = new ServingError('UNAVAILABLE', 'The queue is full.');
    const { client } = await serve({ ...slowServer().slow, predict: () => Promise.reject(full) });
    expect(await client.call(predict, request)).toMatchObject({ code: status.UNAVAILABLE, details: full.message });
  });

  it('reloads the configuration where the server can', async () => {
    const configs: unknown[] = [];
    const reload: ModelServer['reload'] = (config) => Promise.resolve(void configs.push(config.config.case));
    const { client } = await serve({ ...slowServer().slow, reload });
    const config = { config: { case: 'modelConfigList' as const, value: { config: [{ name: 'x' }] } } };
    const { status: answered } = await client.answer(ModelService.method.handleReloadConfigRequest, { config });
    expect(answered).toMatchObject({ errorCode: 0, errorMessage: '' });
    expect(configs).toEqual(['modelConfigList']);
  });
});

describe('drain', () => {
  it('answers what is in flight, and takes no more', async () => {
    const { slow, answer, isAsked } = slowServer();
    const { client, grpcServer, port } = await serve(slow);
    const inFlight = client.call(predict, request);
    await isAsked;
    const drained = grpcServer.drain();
    const late = new RawGrpcClient(port);
    expect((await late.call(predict, request)).code).toBe(status.UNAVAILABLE);
    late.close();
    answer();
    expect((await inFlight).code).toBe(status.OK);
    await drained;
  });

  it('does not wait for those who watch', async () => {
    const { client, grpcServer } = await serve(models);
    const seen: number[] = [];
    const watching = watchHealth(client, '');
    const ended = new Promise((resolve) => watching.on('end', resolve));
    watching.on('data', (value: number) => {
      seen.push(value);
      if (seen.length === 1) void grpcServer.drain();
    });
    await ended;
    expect(seen).toEqual([1, 2]);
    await grpcServer.drain();
  });

  it('waits no longer than it may', async () => {
    const { slow, isAsked, answer } = slowServer();
    const { client, grpcServer } = await serve(slow, { drainMilliseconds: 50 });
    const inFlight = client.call(predict, request);
    await isAsked;
    await grpcServer.drain();
    expect((await inFlight).code).not.toBe(status.OK);
    answer();
  });

  it('says that the port is taken, as over REST', async () => {
    const { port } = await serve(models);
    await expect(createGrpcServer(models).start('127.0.0.1', port)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `gRPC cannot listen on 127.0.0.1:${port}: another program listens there. Give another port or host.`,
    });
  });
});

describe('a token', () => {
  const withToken = (value: string) => {
    const metadata = new Metadata();
    metadata.set('authorization', value);
    return metadata;
  };

  it('is asked for, except by health checks', async () => {
    const { client, events } = await serve(models, { token: 'sesame' });
    expect((await client.call(predict, request, withToken('Bearer sesame'))).code).toBe(status.OK);
    for (const wrong of [new Metadata(), withToken('Bearer sesam'), withToken('sesame'), withToken('Basic sesame')]) {
      expect(await client.call(predict, request, wrong)).toMatchObject({ code: status.UNAUTHENTICATED });
    }
    const reflection = await client.send('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', new Uint8Array());
    expect(reflection.code).toBe(status.UNAUTHENTICATED);
    expect((await client.send('/grpc.health.v1.Health/Check', new Uint8Array())).code).toBe(status.OK);
    expect(events.map((event) => event.status).filter((each) => each === 'UNAUTHENTICATED')).toHaveLength(5);
  });
});

describe('grpc.health.v1', () => {
  it.each([
    '',
    'ModelService',
    'PredictionService',
    'tensorflow.serving.ModelService',
    'tensorflow.serving.PredictionService',
  ])('knows "%s"', async (name) => {
    const { client } = await serve(models);
    const { response } = await client.send('/grpc.health.v1.Health/Check', field(1, name));
    expect(response).toEqual(Buffer.of(0x08, 1));
  });

  it('knows no others', async () => {
    const { client } = await serve(models);
    const { code } = await client.send('/grpc.health.v1.Health/Check', field(1, 'x'));
    expect(code).toBe(status.NOT_FOUND);
  });
});

describe.each(['v1', 'v1alpha'])('grpc.reflection.%s', (version) => {
  it('lists the services', async () => {
    const { client } = await serve(models);
    const answer = await reflect(client, version, field(7, '*'));
    for (const name of [
      'tensorflow.serving.PredictionService',
      'tensorflow.serving.ModelService',
      'grpc.health.v1.Health',
    ]) {
      expect(answer.includes(name)).toBe(true);
    }
  });

  it('gives the files of a symbol with all that they import, and names of fields in JSON', async () => {
    const { client } = await serve(models);
    const answer = await reflect(client, version, field(4, 'tensorflow.serving.PredictionService'));
    const files = lengthDelimited(lengthDelimited(answer, 4)[0] ?? new Uint8Array(), 1).map((bytes) =>
      fromBinary(FileDescriptorProtoSchema, bytes),
    );
    const names = files.map(({ name }) => name);
    expect(names).toContain('tensorflow/core/framework/tensor.proto');
    expect(names).toContain('google/protobuf/wrappers.proto');
    for (const { dependency } of files) expect(names).toEqual(expect.arrayContaining(dependency));
    const predictFile = files.find(({ name }) => name === 'tensorflow_serving/apis/predict.proto');
    const message = predictFile?.messageType.find(({ name }) => name === 'PredictRequest');
    expect(message?.field.map(({ jsonName }) => jsonName)).toContain('outputFilter');
  });

  it('knows no symbol that is not there', async () => {
    const { client } = await serve(models);
    expect((await reflect(client, version, field(4, 'x.y'))).includes('Symbol not found: x.y')).toBe(true);
    await reflect(client, version, field(4, '__proto__'));
    await reflect(client, version, field(3, 'constructor'));
  });
});

describe('TLS', () => {
  it('is spoken with the certificate that is given', async () => {
    const { certificate, key } = await selfSigned();
    const grpcServer = createGrpcServer(models, { tls: { certificate, key } });
    const port = await grpcServer.start('127.0.0.1', 0);
    const trusting = new RawGrpcClient(
      port,
      { 'grpc.ssl_target_name_override': 'localhost' },
      credentials.createSsl(certificate),
    );
    expect((await trusting.call(predict, request)).code).toBe(status.OK);
    trusting.close();
    const plain = new RawGrpcClient(port);
    expect((await plain.call(predict, request)).code).toBe(status.UNAVAILABLE);
    plain.close();
    await grpcServer.drain();
  });
});

async function aborted(signal: CancelSignal | undefined): Promise<void> {
  if (!signal) throw new Error('The call has a signal.');
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', resolve));
}

function field(number: number, text: string): Uint8Array {
  return new BinaryWriter().tag(number, WireType.LengthDelimited).string(text).finish();
}

/** The statuses of a service, as they come. */
function watchHealth(client: RawGrpcClient, service: string): ClientReadableStream<number> {
  return client.client.makeServerStreamRequest(
    '/grpc.health.v1.Health/Watch',
    (bytes: Buffer) => bytes,
    (bytes) => bytes[1] ?? 0,
    Buffer.from(field(1, service)),
  );
}

function reflect(client: RawGrpcClient, version: string, question: Uint8Array): Promise<Buffer> {
  const asItIs = (bytes: Buffer) => bytes;
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const stream = client.client.makeBidiStreamRequest(path, asItIs, asItIs);
  return new Promise((resolve, reject) => {
    let answer: Buffer = Buffer.alloc(0);
    stream.on('data', (bytes: Buffer) => (answer = bytes));
    stream.on('error', reject);
    stream.on('end', () => resolve(answer));
    stream.write(Buffer.from(question));
    stream.end();
  });
}

/** The values of a field in a message. */
function lengthDelimited(message: Uint8Array, number: number): Uint8Array[] {
  const reader = new BinaryReader(message);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [each, wireType] = reader.tag();
    if (each === number && wireType === WireType.LengthDelimited) found.push(reader.bytes());
    else reader.skip(wireType, each);
  }
  return found;
}
