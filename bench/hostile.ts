import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { create, toBinary } from '@bufbuild/protobuf';

import { grpcPath } from '../src/client/grpc-services.js';
import { TensorProtoSchema } from '../src/tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import { PredictRequestSchema } from '../src/tensorflow/protos/tensorflow_serving/apis/predict_pb.js';
import { PredictionService } from '../src/tensorflow/protos/tensorflow_serving/apis/prediction_service_pb.js';
import { RawGrpcClient } from '../test/helpers/servers/grpc-client.js';
import { send } from '../test/helpers/servers/http-client.js';
import { flood, floods } from '../test/helpers/servers/http2-frames.js';
import { type ServeModelProcess, startServeModel } from '../test/helpers/servers/start-serve-model.js';
import { numberFlag } from './number-flag.js';
import { startBareServer } from './serve/bare-server.js';
import { residentMebibytes } from './serve/resident-mebibytes.js';
import { saveBenchModel } from './serve/save-bench-model.js';

/**
 * `npm run bench:hostile`: what clients without a token can do to a default server, all at once, for `--seconds` (60), over loopback: bodies that
 * grow when they are decompressed, slow and idle connections, messages without an end, answers nobody reads, JSON with a million brackets, compressed
 * bodies, floods of HTTP/2 frames.
 *
 * `--only deepJson,frameFloods` runs only these attacks.
 *
 * Prints memory, the longest wait for `/healthz` on its own port and on the REST port, and how other clients were answered. Exits 1 when memory rises
 * by more than 1 GiB, `/healthz` takes longer than `--healthz` (100) milliseconds on its own port, or others are not answered.
 */
const seconds = numberFlag('seconds', 60);
const mostHealthz = numberFlag('healthz', 100);
const onlyAt = process.argv.indexOf('--only');
/** Names of the attacks to run. Without any, all are run. */
const only = onlyAt < 0 ? [] : (process.argv[onlyAt + 1] ?? '').split(',');
const mebi = 2 ** 20;

const predict = '/v1/models/LenetModel:predict';
const counts = new Map<string, number>();
const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
let isOver = false;
// The attackers run in a separate process, so that they do not slow down the clients that measure. So does the bare server.
const isAttacker = process.argv.includes('--attack');
const [restPort, grpcPort, healthPort] = isAttacker
  ? ([numberFlag('rest-port', 0), numberFlag('grpc-port', 0), numberFlag('health-port', 0)] as const)
  : [0, 0, 0];
if (isAttacker) await attack();
else await measure();

function ownProcess(...args: string[]) {
  return fork(fileURLToPath(import.meta.url), args, { execArgv: ['--import', 'tsx'] });
}

async function attack(): Promise<void> {
  const all = {
    largeBodies,
    filledShapes,
    longNames,
    endlessMessages,
    slowBodies,
    idleConnections,
    healthConnections,
    unread,
    deepJson,
    compressedBodies,
    frameFloods,
  };
  const chosen = Object.entries(all).filter(([name]) => only.length === 0 || only.includes(name));
  const attacks = chosen.map(([, begin]) => begin());
  await wait(seconds * 1000);
  isOver = true;
  await Promise.race([Promise.all(attacks), wait(5000)]);
  for (const [what, times] of [...counts].toSorted()) console.log(`  ${what}: ${times}`);
  process.exit(0);
}

async function measure(): Promise<void> {
  const bench = await saveBenchModel();
  const server = await startServeModel(['--model-folder', bench.folder, '--health-port', '0']);
  const { restPort: rest, grpcPort: grpc, healthPort: ofHealth } = server;
  const ports = ['--rest-port', `${rest}`, '--grpc-port', `${grpc}`, '--health-port', `${ofHealth}`];
  const before = await rss(server);
  const bare = await startBareServer();
  const onlyThese = only.length > 0 ? ['--only', only.join()] : [];
  const attackers = ownProcess('--attack', ...ports, '--seconds', String(seconds), ...onlyThese);
  const ended = once(attackers, 'exit');
  void ended.then(() => (isOver = true));
  const [peak, waits, restWaits, bareWaits, one, other] = await Promise.all([
    memory(server),
    health(server.healthPort),
    health(server.restPort),
    health(bare.port),
    client(server),
    client(server),
  ]);
  const longestHealthz = Math.max(...waits);
  const metrics = (await send(server.restPort, '/monitoring/prometheus/metrics')).text;
  const rise = (peak - before) / mebi;
  const times = [...one, ...other];
  const answered = times.filter((time) => time !== null).toSorted((a, b) => a - b);
  const refused = times.length - answered.length;
  console.log(
    `memory: ${Math.round(before / mebi)} MiB before, ${Math.round(peak / mebi)} MiB at most (+${Math.round(rise)} MiB)`,
  );
  console.log(`/healthz on the health port: ${described(waits)}`);
  console.log(`/healthz on the REST port: ${described(restWaits)}`);
  console.log(`a bare server in another process at the same time: ${described(bareWaits)}`);
  console.log(`the server's own ${/^nodejs_eventloop_lag_max_seconds \S+/m.exec(metrics)?.[0]}`);
  console.log(
    `others: ${answered.length} answered, ${refused} not; ${Math.round(answered[answered.length >> 1] ?? NaN)} ms in the middle`,
  );
  for (const [what, times] of [...counts].toSorted()) console.log(`  ${what}: ${times}`);
  server.child.kill('SIGKILL');
  bare.child.kill('SIGKILL');
  await bench.remove();
  const isBad = rise > 1024 || longestHealthz > mostHealthz || answered.length === 0 || refused > answered.length / 100;
  process.exit(isBad ? 1 : 0);
}

async function rss({ child }: ServeModelProcess): Promise<number> {
  return (await residentMebibytes(child.pid)) * mebi;
}

async function memory(server: ServeModelProcess): Promise<number> {
  let peak = 0;
  while (!isOver) {
    peak = Math.max(peak, await rss(server));
    await wait(50);
  }
  return peak;
}

/** @returns How long each answer took, in milliseconds; Infinity where there was none. */
async function health(port: number): Promise<number[]> {
  const waits: number[] = [];
  while (!isOver) {
    const started = performance.now();
    const { status } = await send(port, '/healthz').catch(() => ({ status: 0 }));
    waits.push(status === 200 ? performance.now() - started : Infinity);
    await wait(10);
  }
  return waits;
}

function described(waits: readonly number[]): string {
  const sorted = waits.toSorted((a, b) => a - b);
  const at = (part: number) => Math.round(sorted[Math.floor((sorted.length - 1) * part)] ?? NaN);
  const slow = sorted.filter((each) => each > mostHealthz).length;
  return `${at(1)} ms at most, ${at(0.99)} ms in 99 of 100, ${slow} of ${sorted.length} above ${mostHealthz} ms`;
}

/** An ordinary client, which sends one image at a time. @returns How long each took, in milliseconds; null where it failed. */
async function client({ restPort: port }: ServeModelProcess): Promise<(number | null)[]> {
  const row = Array.from({ length: 28 }, () => Array.from({ length: 28 }, () => [0.5, 0.5, 0.5]));
  const body = JSON.stringify({ instances: [row] });
  const times: (number | null)[] = [];
  while (!isOver) {
    const started = performance.now();
    const { status } = await send(port, predict, { body }).catch(() => ({ status: 0 }));
    times.push(status === 200 ? performance.now() - started : null);
    if (status !== 200) count(`others ${status}`);
    await wait(20);
  }
  return times;
}

async function largeBodies(): Promise<void> {
  const type = { 'content-type': 'multipart/form-data; boundary=x' };
  const part = '--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n\r\n';
  const bodies: [string, string, Record<string, string>][] = [
    [predict, `{"signature_name":"serving_bytes","instances":[${'"",'.repeat(6_000_000)}""]}`, {}],
    [predict, `{"inputs":[${'[[[1,1,1]]],'.repeat(3_000_000)}[[[1,1,1]]]]}`, {}],
    ['/v1/models/LenetModel:classify', `{"examples":[${'{},'.repeat(1_000_000)}{}]}`, {}],
    ['/v1/models/LenetModel:classify-image', part.repeat(500_000), type],
    ['/v1/models/LenetModel:classify-image', `${part}${'\r\n--'.repeat(10_000_000)}`, type],
    [predict, `{"instances":[${'1,'.repeat(12_000_000)}1]}`, {}],
  ];
  for (let i = 0; !isOver; i += 1) {
    const [route, body, headers] = bodies[i % bodies.length] ?? ['/', '', {}];
    const { status } = await send(restPort, route, { body, headers }).catch(() => ({ status: 0 }));
    count(`large body ${status}`);
  }
}

function filled(rows: number, name = 'LenetModel'): Uint8Array {
  const dim = [rows, 1, 1, 3].map((size) => ({ size: BigInt(size) }));
  const tensor = create(TensorProtoSchema, { dtype: 1, floatVal: [0.5], tensorShape: { dim } });
  const message = create(PredictRequestSchema, { modelSpec: { name }, inputs: { input_tensor: tensor } });
  return toBinary(PredictRequestSchema, message);
}

async function filledShapes(): Promise<void> {
  const grpc = new RawGrpcClient(grpcPort);
  for (const path = grpcPath(PredictionService.method.predict); !isOver;) {
    for (const rows of [4096, 200_000, 22_000_000]) count(`filled shape ${(await grpc.send(path, filled(rows))).code}`);
  }
  grpc.close();
}

async function longNames(): Promise<void> {
  const grpc = new RawGrpcClient(grpcPort);
  const name = Buffer.from('{"instances":[1],"signature_name":"');
  const body = Buffer.concat([name, Buffer.alloc(50 * mebi, 0xff), Buffer.from('"}')]);
  while (!isOver) {
    const message = filled(1, '\u0001'.repeat(50 * mebi));
    count(`long name ${(await grpc.send(grpcPath(PredictionService.method.predict), message)).code}`);
    const { status } = await send(restPort, predict, { body }).catch(() => ({ status: 0 }));
    count(`long name ${status}`);
  }
  grpc.close();
}

async function endlessMessages(): Promise<void> {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(60 * mebi, 1);
  while (!isOver) {
    const session = connectHttp2(`http://127.0.0.1:${grpcPort}`).on('error', () => undefined);
    for (let i = 0; i < 40; i += 1) {
      const headers = { ':method': 'POST', ':path': grpcPath(PredictionService.method.predict), 'content-type': 'application/grpc', te: 'trailers' };
      const stream = session.request(headers).on('error', () => undefined);
      stream.on('close', () => count('endless message ended'));
      stream.write(prefix);
      stream.write(Buffer.alloc(59 * mebi));
    }
    await wait(5000);
    session.destroy();
  } // prettier-ignore
}

async function slowBodies(): Promise<void> {
  while (!isOver) {
    const sockets = Array.from({ length: 17 }, () => {
      const socket = connect(restPort, '127.0.0.1').on('error', () => undefined);
      socket.write(`POST ${predict} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${60 * mebi}\r\n\r\n`);
      socket.write(Buffer.alloc(59 * mebi, ' '));
      return socket.on('data', (data) => count(`slow body ${String(data).slice(9, 12)}`));
    });
    await wait(15_000);
    for (const socket of sockets) socket.destroy();
  }
}

async function idleConnections(): Promise<void> {
  const sockets: Socket[] = [];
  for (let i = 0; i < 3000 && !isOver; i += 1) {
    sockets.push(connect(i % 2 === 0 ? grpcPort : restPort, '127.0.0.1').on('error', () => undefined));
    await wait(5);
  }
  while (!isOver) await wait(100);
  for (const socket of sockets) socket.destroy();
}

/** More connections than the health port accepts, some with half a request. */
async function healthConnections(): Promise<void> {
  const sockets: Socket[] = [];
  for (let i = 0; !isOver; i += 1) {
    const socket = connect(healthPort, '127.0.0.1').on('error', () => undefined);
    if (i % 2 === 0) socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\nX: ');
    sockets.push(socket);
    if (sockets.length > 200) sockets.shift()?.destroy();
    await wait(5);
  }
  for (const socket of sockets) socket.destroy();
}

/** Large answers that nobody reads. */
async function unread(): Promise<void> {
  const body = JSON.stringify({ instances: Array(4000).fill([[[0.5, 0.5, 0.5]]]) });
  while (!isOver) {
    const requests = Array.from({ length: 8 }, () => {
      const request = httpRequest({ host: '127.0.0.1', port: restPort, path: predict, method: 'POST' });
      request.on('error', () => undefined).on('response', (response) => response.pause());
      request.end(body);
      return request;
    });
    await wait(3000);
    for (const request of requests) request.destroy();
  }
}

async function deepJson(): Promise<void> {
  const open = '['.repeat(1_000_000);
  const closed = `${open}${']'.repeat(1_000_000)}`;
  const bodies: [string, string][] = [
    [predict, `{"instances":${closed}}`],
    [predict, `{"x":${closed},"instances":[1]}`],
    ['/v1/models/LenetModel:classify', `{"examples":[{"a":${closed}}]}`],
    ['/v2/models/LenetModel/infer', `{"parameters":${closed},"inputs":[]}`],
    ['/v2/models/LenetModel/infer', open],
  ];
  for (let i = 0; !isOver; i += 1) {
    const [route, body] = bodies[i % bodies.length] ?? ['/', ''];
    const { status } = await send(restPort, route, { body }).catch(() => ({ status: 0 }));
    count(`deep JSON ${status}`);
  }
}

async function compressedBodies(): Promise<void> {
  const bodies = [
    gzipSync(Buffer.alloc(200 * mebi, ' ')),
    Buffer.concat([gzipSync('{"instances":[1]}'), Buffer.alloc(mebi)]),
  ];
  for (let i = 0; !isOver; i += 1) {
    const headers = { 'content-encoding': 'gzip' };
    const body = bodies[i % bodies.length] ?? '';
    const { status } = await send(restPort, predict, { body, headers }).catch(() => ({ status: 0 }));
    count(`compressed body ${status}`);
  }
}

/** One flood after another, each for a second or until the server ends the connection. */
async function frameFloods(): Promise<void> {
  for (let round = 0; !isOver; round += 1) {
    const all = Object.entries(floods);
    const [name, next] = all[round % all.length] ?? ['', () => Buffer.alloc(0)];
    const until = performance.now() + 1000;
    const isEnded = await flood(grpcPort, next, () => !isOver && performance.now() < until);
    count(`flood of ${name} ${isEnded ? 'cut off' : 'passed'}`);
  }
}
