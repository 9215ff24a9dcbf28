import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { create, toBinary } from '@bufbuild/protobuf';

import { SignetClient } from '../src/client/signet-client.js';
import { LoadedSavedModel } from '../src/saved-model/run/load-saved-model.js';
import { toTensorProto } from '../src/saved-model/read/tensor-proto-value.js';
import { PredictRequestSchema } from '../src/tensorflow/protos/tensorflow_serving/apis/predict_pb.js';
import * as tf from '../src/tensorflow/tf.js';
import { median } from '../src/data/statistics.js';
import { startFastApi } from './serve/fastapi.js';
import { grpcTarget, h2load, hasH2load, restTarget, type Target } from './serve/h2load.js';
import { load, type LoadResult } from './serve/load.js';
import { startOfficialClient } from './serve/official-client.js';
import { HttpClient } from './serve/post.js';
import { saveBenchModel } from './serve/save-bench-model.js';
import { startServeModel } from '../test/helpers/servers/start-serve-model.js';
import { numberFlag } from './number-flag.js';

/**
 * `npm run bench:serve`: serve-model against FastAPI + uvicorn + Python TensorFlow with the same SavedModel (LeNet), and the latency that serving
 * adds to a bare session. Both sides take turns, slice by slice; the table has medians of the slices.
 *
 * `-- --seconds 2 --rounds 5` are the length and number of slices.
 */
const [seconds, rounds] = [numberFlag('seconds', 2), numberFlag('rounds', 5)];

const bench = await saveBenchModel();
const image = path.join('data', 'digits', 'test', '7', '0043.png');
const file = await readFile(image);
const pixels = tf.tidy(() => tf.node.decodeImage(file, 3).arraySync());
const b64 = Buffer.from(JSON.stringify({ instances: [{ b64: file.toString('base64') }] }));
const b64Signature = Buffer.from(JSON.stringify({ ...JSON.parse(b64.toString()), signature_name: 'serving_bytes' }));
const numbers = Buffer.from(JSON.stringify({ instances: [pixels] }));
const input = { image_bytes_string: { dtype: 'string', shape: [1], values: [file] } } as const;
const options = { signatureName: 'serving_bytes' };

const served = await startServeModel(['--model-folder', bench.folder]);
const fastApi = await startFastApi(bench.directory);
const session = await LoadedSavedModel.load(bench.directory);
const grpc = new SignetClient({ grpcPort: served.grpcPort, modelName: 'LenetModel' });
const ours = new HttpClient(served.restPort);
const theirs = new HttpClient(fastApi.port);
const predictMethod = '/tensorflow.serving.PredictionService/Predict';
const predict = '/v1/models/LenetModel:predict';

/** How a side is called: from the load generator in C, or from a client in this process. */
interface Side {
  readonly target: Target;
  readonly call: () => Promise<unknown>;
}
interface Road {
  readonly name: string;
  readonly ours: Side;
  readonly theirs: Side;
}
const rest = (client: HttpClient, port: number, where: string, body: Buffer, type?: string): Side => ({
  target: restTarget(port, where, body, type),
  call: () => client.post(where, body, type),
});
const roads: readonly Road[] = [
  {
    name: 'gRPC bytes',
    ours: {
      target: grpcTarget(served.grpcPort, predictMethod, predictMessage()),
      call: () => grpc.predict(input, options),
    },
    theirs: rest(theirs, fastApi.port, '/bytes', file, 'image/png'),
  },
  {
    name: 'REST b64',
    ours: rest(ours, served.restPort, predict, b64Signature),
    theirs: rest(theirs, fastApi.port, '/b64', b64),
  },
  {
    name: 'REST numbers',
    ours: rest(ours, served.restPort, predict, numbers),
    theirs: rest(theirs, fastApi.port, '/numbers', numbers),
  },
];
const native = await hasH2load();

try {
  for (const road of roads) for (const side of [road.ours, road.theirs]) await run(side.call, 8, 1);
  console.log(
    `LeNet, 28 x 28; ${rounds} slices of ${seconds} s each, in turns; FastAPI takes raw bytes where we take gRPC`,
  );
  console.log(
    native
      ? 'clients: h2load of nghttp2'
      : 'clients: in Node.js, which take as much of the processor as the server; install h2load (Debian: nghttp2-client)',
  );
  console.log('road           clients   Signet req/s  p50 ms  p99 ms   FastAPI req/s  p50 ms  p99 ms   ratio');
  for (const { name, ...road } of roads) {
    for (const clients of [1, 8, 64]) {
      const [mine, other]: LoadResult[][] = [[], []];
      for (let round = 0; round < rounds; round += 1) {
        mine?.push(await measure(road.ours, clients));
        other?.push(await measure(road.theirs, clients));
      }
      printRow(name, clients, summary(mine ?? []), summary(other ?? []));
    }
  }
  await printAdded();
} finally {
  grpc.close();
  ours.close();
  theirs.close();
  session.dispose();
  await served.end();
  fastApi.process.kill();
  await bench.remove();
}

function measure({ target, call }: Side, clients: number): Promise<LoadResult> {
  return native ? h2load(target, clients, seconds) : run(call, clients, seconds);
}

async function run(call: () => Promise<unknown>, clients: number, length: number): Promise<LoadResult> {
  const result = await load(call, clients, length);
  if (result.errors[0] !== undefined) throw new Error(`${result.errors.length} requests failed: ${result.errors[0]}`);
  return result;
}

function summary(results: readonly LoadResult[]) {
  const of = (key: 'requestsPerSecond' | 'p50' | 'p99') => median(results.map((result) => result[key]));
  return { rate: of('requestsPerSecond'), p50: of('p50'), p99: of('p99') };
}

function printRow(
  name: string,
  clients: number,
  mine: ReturnType<typeof summary>,
  other: ReturnType<typeof summary>,
): void {
  const side = ({ rate, p50, p99 }: typeof mine) =>
    `${rate.toFixed(0).padStart(14)}${p50.toFixed(2).padStart(8)}${p99.toFixed(2).padStart(8)}`;
  const ratio = `${(mine.rate / other.rate).toFixed(1)} x`;
  console.log(`${name.padEnd(14)}${String(clients).padStart(8)} ${side(mine)}  ${side(other)}${ratio.padStart(8)}`);
}

/** One client, batch 1: calls over the network against the same call in this process, slice by slice in turns. */
async function printAdded(): Promise<void> {
  const official = startOfficialClient(served.grpcPort, image);
  const named: readonly (readonly [string, (calls: number) => Promise<number>])[] = [
    ['bare session', medianOf(() => session.callValues('serving_bytes', input))],
    ['gRPC bytes, the official client in C', official.medianOf],
    ['gRPC bytes, SignetClient in Node.js', medianOf(() => grpc.predict(input, options))],
    ['REST b64, Node.js', medianOf(() => ours.post(predict, b64Signature))],
  ];
  const slices = named.map(() => [] as number[]);
  // The first is for warming up.
  for (let round = 0; round <= 2 * rounds; round += 1) {
    for (const [which, [, measureMedian]] of named.entries()) {
      const milliseconds = await measureMedian(300);
      if (round > 0) slices[which]?.push(milliseconds);
    }
  }
  official.end();
  const [bare = NaN, ...others] = slices.map(median);
  console.log(`\nmedian latency at batch 1: bare session ${bare.toFixed(3)} ms`);
  for (const [i, p50] of others.entries()) {
    console.log(`  ${named[i + 1]?.[0]}: ${p50.toFixed(3)} ms, ${(p50 - bare).toFixed(3)} ms more`);
  }
}

/** Makes a number of calls one after another, and returns their median in milliseconds. */
function medianOf(call: () => unknown) {
  return async (calls: number): Promise<number> => {
    const times: number[] = [];
    for (let i = 0; i < calls; i += 1) {
      const start = performance.now();
      await call();
      times.push(performance.now() - start);
    }
    return median(times);
  };
}

/** The request that `grpc` sends. */
function predictMessage(): Uint8Array {
  const modelSpec = { name: 'LenetModel', signatureName: options.signatureName };
  const message = { modelSpec, inputs: { image_bytes_string: toTensorProto(input.image_bytes_string) } };
  return toBinary(PredictRequestSchema, create(PredictRequestSchema, message));
}
