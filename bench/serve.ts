import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { SignetClient } from '../src/evaluation/clients/signet-client.js';
import { latencyOf } from '../src/evaluation/percentiles.js';
import { LoadedSavedModel } from '../src/saved-model/load-saved-model.js';
import * as tf from '../src/tensorflow/tf.js';
import { startFastApi } from './serve/fastapi.js';
import { load, type LoadResult } from './serve/load.js';
import { HttpClient } from './serve/post.js';
import { saveBenchModel } from './serve/save-bench-model.js';
import { startServeModel } from '../test/helpers/start-serve-model.js';

/**
 * `npm run bench:serve`: serve-model against FastAPI + uvicorn + Python TensorFlow over the same SavedModel (LeNet), and the
 * latency that serving adds to a bare session. Both sides take turns, slice by slice; the table has medians of the slices.
 *
 * `-- --seconds 2 --rounds 5` are the length and number of slices.
 */
const flag = (name: string, fallback: number) => {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? fallback : Number(process.argv[at + 1]);
};
const [seconds, rounds] = [flag('seconds', 2), flag('rounds', 5)];

const bench = await saveBenchModel();
const file = await readFile(path.join('data', 'digits', 'test', '7', '0043.png'));
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
const predict = '/v1/models/LenetModel:predict';

interface Road {
  readonly name: string;
  readonly ours: () => Promise<unknown>;
  readonly theirs: () => Promise<unknown>;
}
const roads: readonly Road[] = [
  {
    name: 'gRPC bytes',
    ours: () => grpc.predict(input, options),
    theirs: () => theirs.post('/bytes', file, 'image/png'),
  },
  { name: 'REST b64', ours: () => ours.post(predict, b64Signature), theirs: () => theirs.post('/b64', b64) },
  { name: 'REST numbers', ours: () => ours.post(predict, numbers), theirs: () => theirs.post('/numbers', numbers) },
];

try {
  for (const road of roads) for (const call of [road.ours, road.theirs]) await run(call, 8, 1);
  console.log(
    `LeNet, 28 x 28; ${rounds} slices of ${seconds} s each, in turns; FastAPI takes raw bytes where we take gRPC`,
  );
  console.log('road           clients   Signet req/s  p50 ms  p99 ms   FastAPI req/s  p50 ms  p99 ms   ratio');
  for (const { name, ...road } of roads) {
    for (const clients of [1, 8, 64]) {
      const [mine, other]: LoadResult[][] = [[], []];
      for (let round = 0; round < rounds; round += 1) {
        mine?.push(await run(road.ours, clients, seconds));
        other?.push(await run(road.theirs, clients, seconds));
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

/** One client, batch 1: a call over the wire against the same call in this process, in turns. */
async function printAdded(): Promise<void> {
  const named = [
    ['bare session', () => Promise.resolve(session.callValues('serving_bytes', input))],
    ['gRPC bytes', () => grpc.predict(input, options)],
    ['REST b64', () => ours.post(predict, b64Signature)],
  ] as const;
  const times = named.map(() => [] as number[]);
  for (let i = 0; i < 3000; i += 1) {
    for (const [which, [, call]] of named.entries()) {
      const start = performance.now();
      await call();
      if (i >= 200) times[which]?.push(performance.now() - start);
    }
  }
  const [bare = NaN, ...others] = times.map((each) => latencyOf(each).p50);
  console.log(`\nmedian latency at batch 1: bare session ${bare.toFixed(3)} ms`);
  for (const [i, p50] of others.entries()) {
    console.log(`  ${named[i + 1]?.[0]}: ${p50.toFixed(3)} ms, ${(p50 - bare).toFixed(3)} ms more`);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
