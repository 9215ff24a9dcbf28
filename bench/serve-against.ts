import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { existsSync } from 'node:fs';

import { create, toBinary } from '@bufbuild/protobuf';

import { median } from '../src/data/statistics.js';
import { toTensorProto } from '../src/saved-model/read/tensor-proto-value.js';
import { PredictRequestSchema } from '../src/tensorflow/protos/tensorflow_serving/apis/predict_pb.js';
import { startServeModel } from '../test/helpers/servers/start-serve-model.js';
import { numberFlag } from './number-flag.js';
import { grpcTarget, h2load, restTarget, type Target } from './serve/h2load.js';
import { saveBenchModel } from './serve/save-bench-model.js';

/**
 * `npm run bench:serve:against -- FOLDER`: serve-model of this checkout against that of another checkout, which has been set up, with the same LeNet.
 * Both take turns, slice by slice; clients are h2load (Debian: nghttp2-client).
 *
 * Prints requests per second and processor time per request of both, and their ratios (new to old; medians of the slices). `--seconds 2 --rounds 5`
 * are the length and number of slices.
 */
const [seconds, rounds] = [numberFlag('seconds', 2), numberFlag('rounds', 5)];
const other = path.resolve(process.argv[2] ?? '');
const scripts = ['src/commands/serve-model/main.ts', 'scripts/serve-model.ts'].map((each) => path.join(other, each));
const script = scripts.find((each) => existsSync(each));
if (script === undefined) throw new Error(`Give the folder of another checkout. There is no serve-model in ${other}.`);

/** Clock ticks of `/proc/PID/stat` per second, on all of Linux. */
const ticks = 100;

const bench = await saveBenchModel();
const image = await readFile(path.join('data', 'digits', 'test', '7', '0043.png'));
const args = ['--model-folder', bench.folder];
const servers = [await startServeModel(args), await startServeModel(args, { script, cwd: other })] as const;
try {
  console.log('           clients    req/s: new     old   ratio    CPU us/request: new     old   ratio');
  for (const name of ['gRPC', 'REST'] as const) {
    for (const clients of [1, 64]) await compare(name, clients);
  }
} finally {
  for (const server of servers) await server.end();
  await bench.remove();
}

async function compare(name: 'gRPC' | 'REST', clients: number): Promise<void> {
  const slices: [number, number][][] = [[], []];
  for (let round = -1; round < rounds; round += 1) {
    // The two take turns in being first.
    for (const side of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const { child, restPort, grpcPort } = servers[side as 0 | 1];
      const before = await cpuSeconds(child.pid);
      const target = name === 'gRPC' ? grpcImage(grpcPort) : restImage(restPort);
      const { requests, requestsPerSecond } = await h2load(target, clients, round < 0 ? 1 : seconds);
      const cpu = ((await cpuSeconds(child.pid)) - before) / requests;
      // The first slice warms up.
      if (round >= 0) slices[side]?.push([requestsPerSecond, cpu * 1e6]);
    }
  }
  const [mine, theirs] = slices.map((side) => [0, 1].map((i) => median(side.map((slice) => slice[i as 0 | 1]))));
  const cells = [0, 1].map((i) => {
    const [a = NaN, b = NaN] = [mine?.[i], theirs?.[i]];
    return `${a.toFixed(0).padStart(14)}${b.toFixed(0).padStart(8)}${(a / b).toFixed(3).padStart(8)}`;
  });
  console.log(`${name.padEnd(10)}${String(clients).padStart(8)}${cells.join('            ')}`);
}

function grpcImage(port: number): Target {
  const inputs = { image_bytes_string: toTensorProto({ dtype: 'string', shape: [1], values: [image] }) };
  const modelSpec = { name: 'LenetModel', signatureName: 'serving_bytes' };
  const message = toBinary(PredictRequestSchema, create(PredictRequestSchema, { modelSpec, inputs }));
  return grpcTarget(port, '/tensorflow.serving.PredictionService/Predict', message);
}

function restImage(port: number): Target {
  const body = { signature_name: 'serving_bytes', instances: [{ b64: image.toString('base64') }] };
  return restTarget(port, '/v1/models/LenetModel:predict', Buffer.from(JSON.stringify(body)));
}

/** Processor time of a process so far. */
async function cpuSeconds(pid = 0): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return (user + system) / ticks;
}
