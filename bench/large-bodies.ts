import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { create, toBinary } from '@bufbuild/protobuf';
import sharp from 'sharp';

import { median } from '../src/data/statistics.js';
import { toTensorProto } from '../src/saved-model/read/tensor-proto-value.js';
import type { TensorValue } from '../src/tensorflow/tensor-value.js';
import { PredictRequestSchema } from '../src/tensorflow/protos/tensorflow_serving/apis/predict_pb.js';
import { mulberry32 } from '../test/helpers/data/mulberry32.js';
import { saveScale } from '../test/helpers/models/save-scale.js';
import { startServeModel } from '../test/helpers/servers/start-serve-model.js';
import { numberFlag } from './number-flag.js';
import { startBareServer } from './serve/bare-server.js';
import { grpcTarget, restTarget, type Target } from './serve/h2load.js';
import type { LargeRequest, LargeResult } from './serve/large-client.js';
import { HttpClient } from './serve/post.js';
import { saveBenchModel } from './serve/save-bench-model.js';

/**
 * `npm run bench:large-bodies`: how long small requests to a default server wait while another client sends one body after another, of up to 64 MB
 * each. Small ones are pictures for LeNet, sent over REST at an even pace; each kind of large body takes `--seconds` (10). Prints milliseconds, from
 * the moment a small request was due until its answer arrived; and how long the same requests to a bare server of Node.js in another process take at
 * the same time, which is the wait for a processor.
 *
 * `--only "gRPC"` runs the kinds whose name begins with this; `--node "--trace-gc"` gives the server's Node.js flags. Exits 1 when p99 is above
 * `--p99` (20) for any.
 */
const seconds = numberFlag('seconds', 10);
const mostP99 = numberFlag('p99', 20);
const only = textFlag('only');
const nodeFlags = textFlag('node').split(' ').filter(Boolean);
/** Milliseconds between two small requests. */
const pace = 20;
const bodyBytes = 63 * 2 ** 20;
const picture = await readFile(path.join('data', 'digits', 'test', '7', '0043.png'));

const bench = await saveBenchModel();
await saveScale(path.join(bench.folder, 'Scale'), 1);
const work = await mkdtemp(path.join(os.tmpdir(), 'signet-bench-'));
const server = await startServeModel(['--model-folder', bench.folder], { nodeFlags });
const client = new HttpClient(server.restPort);
const bare = await startBareServer();
const bareClient = new HttpClient(bare.port);
const random = mulberry32(1);
const pixels = Array.from({ length: 28 * 28 * 3 }, () => Math.floor(random() * 256));
const rows = Array.from({ length: 28 }, (_, y) => pixels.slice(y * 84, (y + 1) * 84));
const image = rows.map((row) => Array.from({ length: 28 }, (_, x) => row.slice(3 * x, 3 * x + 3)));
const small = Buffer.from(JSON.stringify({ instances: [image] }));
const lenet = '/v1/models/LenetModel:predict';
const scale = '/v1/models/Scale:predict';

const kinds: Readonly<Record<string, () => Target | Promise<Target>>> = {
  'JSON, numbers': () => restTarget(server.restPort, lenet, numbersBody()),
  'JSON, 1,000 files in b64': async () => restTarget(server.restPort, lenet, await filesBody()),
  'JSON, one file in b64': () => restTarget(server.restPort, lenet, oneFileBody()),
  'JSON, invalid': () => restTarget(server.restPort, lenet, Buffer.from(`{"instances": [${'[0.5],'.repeat(1e7)}1]}`)),
  'JSON, answer of 55 MB': () => restTarget(server.restPort, scale, scaleBody(640, 2048)),
  'gRPC, numbers': () => predictTarget('LenetModel', 'input_tensor', floats([4096, 28, 28, 3]), true),
  'gRPC, numbers as float_val': () => predictTarget('LenetModel', 'input_tensor', floats([4096, 28, 28, 3]), false),
  'gRPC, 64 MB of numbers in one row': () => predictTarget('Scale', 'x', floats([1, 15 * 2 ** 20]), true),
  'gRPC, answer of 120 MB': () => predictTarget('Scale', 'x', floats([3840, 4096]), true),
  'gRPC, one file': () => fileTarget(),
  'Open Inference, binary': () => inferTarget([3840, 4096]),
};

try {
  for (let i = 0; i < 50; i += 1) await Promise.all([client.post(lenet, small), bareClient.post(lenet, small)]);
  console.log(
    '                                        small: p50     p99     max   bare: p99     max   loop ms   large: MiB in  out     ms',
  );
  await loopLag();
  print('alone', await paced(seconds), { lag: await loopLag() });
  let isSlow = false;
  for (const [name, make] of Object.entries(kinds)) {
    if (!name.startsWith(only)) continue;
    const target = await make();
    const large = await startLarge(target);
    await large.first;
    await loopLag();
    const waits = await paced(seconds);
    const lag = await loopLag();
    const result = await large.stop();
    print(name, waits, { lag, large: { target, result } });
    isSlow ||= at(waits.own, 0.99) > mostP99;
    // So that its aftermath does not count for the next one.
    await wait(1000);
  }
  process.exitCode = isSlow ? 1 : 0;
} finally {
  client.close();
  bareClient.close();
  bare.child.kill('SIGKILL');
  if (process.argv.includes('--node')) process.stderr.write(server.output.stdout + server.output.stderr);
  await server.end();
  await bench.remove();
  await rm(work, { recursive: true });
}

/** Milliseconds that small requests took: to the server, and to the bare one. */
interface Waits {
  readonly own: readonly number[];
  readonly bare: readonly number[];
}

/** Sends small requests to both servers in turns at an even pace, without waiting for answers. */
async function paced(length: number): Promise<Waits> {
  const start = performance.now();
  const requests = { own: [] as Promise<number>[], bare: [] as Promise<number>[] };
  let isOwn = true;
  for (let due = start; due < start + length * 1000; due += pace / 2) {
    await wait(Math.max(0, due - performance.now()));
    // A late timer is this process's fault: the server had not been asked yet.
    const sent = performance.now();
    const answered = (isOwn ? client : bareClient).post(lenet, small).then(() => performance.now() - sent);
    (isOwn ? requests.own : requests.bare).push(answered);
    isOwn = !isOwn;
  }
  return { own: await Promise.all(requests.own), bare: await Promise.all(requests.bare) };
}

/** The longest turn of the server's event loop since the last call, in milliseconds. */
async function loopLag(): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${server.restPort}/monitoring/prometheus/metrics`)).text();
  return Number(/^nodejs_eventloop_lag_max_seconds (\S+)/m.exec(text)?.[1]) * 1000;
}

async function startLarge({ body, ...target }: Target) {
  const bodyFile = path.join(work, 'body');
  await writeFile(bodyFile, body);
  const module = fileURLToPath(new URL('./serve/large-client.ts', import.meta.url));
  const child = fork(module, [], { execArgv: ['--import', 'tsx'] });
  child.send({ ...target, bodyFile } satisfies LargeRequest);
  return {
    first: wait(3000),
    stop: async () => {
      child.send('stop');
      const [result] = (await once(child, 'message')) as [LargeResult];
      return result;
    },
  };
}

function print(
  name: string,
  { own, bare: theirs }: Waits,
  { lag, large }: { lag: number; large?: { readonly target: Target; readonly result: LargeResult } },
): void {
  const cell = (value: number, width: number, digits = 1) => value.toFixed(digits).padStart(width);
  let line = `${name.padEnd(38)}${cell(at(own, 0.5), 12)}${cell(at(own, 0.99), 8)}${cell(at(own, 1), 8)}`;
  line += cell(at(theirs, 0.99), 12) + cell(at(theirs, 1), 8) + cell(lag, 10);
  if (large) {
    const { milliseconds, answerBytes, failures } = large.result;
    line += cell(large.target.body.length / 2 ** 20, 16) + cell(answerBytes / 2 ** 20, 5, 0);
    line += cell(median(milliseconds), 7, 0);
    if (failures[0] !== undefined) line += `  ${failures.length} of ${milliseconds.length}: ${failures[0]}`;
  }
  console.log(line);
}

function textFlag(name: string): string {
  const index = process.argv.indexOf(`--${name}`);
  return index < 0 ? '' : (process.argv[index + 1] ?? '');
}

function at(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil((values.length - 1) * part)] ?? NaN;
}

function floats(shape: readonly number[]): TensorValue {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1)).map(() => Math.floor(random() * 256));
  return { dtype: 'float32', shape, values };
}

/** Images of LeNet as decimals, which take longer to read than whole numbers. */
function numbersBody(): Buffer {
  const decimals = pixels.map((value) => (value + 0.123).toFixed(3));
  let next = 0;
  const text = JSON.stringify(image).replaceAll(/\d+/g, () => decimals[next++] ?? '0');
  return Buffer.from(`{"instances": [${Array(Math.floor(bodyBytes / (text.length + 1))).fill(text).join(',')}]}`); // prettier-ignore
}

async function filesBody(): Promise<Buffer> {
  const raw = { width: 126, height: 126, channels: 3 } as const;
  const noise = Buffer.from(Array.from({ length: 126 * 126 * 3 }, () => Math.floor(random() * 256)));
  const png = await sharp(noise, { raw }).png().toBuffer();
  const instance = JSON.stringify({ b64: png.toString('base64') });
  const count = Math.floor(bodyBytes / (instance.length + 1));
  return Buffer.from(`{"signature_name": "serving_bytes", "instances": [${Array(count).fill(instance).join(',')}]}`);
}

/** A picture with many bytes after its end, which decoders ignore. */
function oneFileBody(): Buffer {
  const b64 = Buffer.concat([picture, Buffer.alloc(Math.floor(bodyBytes * 0.74))]).toString('base64');
  return Buffer.from(JSON.stringify({ signature_name: 'serving_bytes', instances: [{ b64 }] }));
}

function scaleBody(count: number, width: number): Buffer {
  const row = JSON.stringify(Array.from({ length: width }, () => Math.round(random() * 1e6) / 1000));
  return Buffer.from(`{"instances": [${Array(count).fill(row).join(',')}]}`);
}

function predictTarget(name: string, input: string, value: TensorValue, asContent: boolean): Target {
  const inputs = { [input]: toTensorProto(value, { asContent }) };
  const message = toBinary(PredictRequestSchema, create(PredictRequestSchema, { modelSpec: { name }, inputs }));
  return grpcTarget(server.grpcPort, '/tensorflow.serving.PredictionService/Predict', message);
}

function fileTarget(): Target {
  const file = Buffer.concat([picture, Buffer.alloc(bodyBytes - picture.length)]);
  const inputs = { image_bytes_string: toTensorProto({ dtype: 'string', shape: [1], values: [file] }) };
  const modelSpec = { name: 'LenetModel', signatureName: 'serving_bytes' };
  const message = toBinary(PredictRequestSchema, create(PredictRequestSchema, { modelSpec, inputs }));
  return grpcTarget(server.grpcPort, '/tensorflow.serving.PredictionService/Predict', message);
}

function inferTarget(shape: readonly number[]): Target {
  const { values } = floats(shape) as { values: Float32Array };
  const raw = Buffer.from(values.buffer);
  const input = { name: 'x', shape, datatype: 'FP32', parameters: { binary_data_size: raw.length } };
  const head = Buffer.from(JSON.stringify({ inputs: [input], parameters: { binary_data_output: true } }));
  const target = restTarget(server.restPort, '/v2/models/Scale/infer', Buffer.concat([head, raw]));
  return { ...target, headers: [...target.headers, `inference-header-content-length: ${head.length}`] };
}
