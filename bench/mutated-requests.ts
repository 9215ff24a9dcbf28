import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import os from 'node:os';
import path from 'node:path';

import { status as Code } from '@grpc/grpc-js';

import { createRandom, type Random } from '../src/data/dataset/random.js';
import { LenetModel } from '../src/models/lenet-model.js';
import { dtypes } from '../src/tensorflow/data-type.js';
import { imageMutants } from '../test/helpers/data/mutated-files.js';
import { mutated } from '../test/helpers/data/mutate.js';
import { echoGraph, writeGraphs } from '../test/helpers/models/write-graph.js';
import { RawGrpcClient } from '../test/helpers/servers/grpc-client.js';
import { send } from '../test/helpers/servers/http-client.js';
import { startServeModel } from '../test/helpers/servers/start-serve-model.js';
import { allowedOrigin, requestKinds, type ValidRequest } from './mutated-requests/valid-requests.js';
import { numberFlag } from './number-flag.js';
import { residentMebibytes } from './serve/resident-mebibytes.js';

/**
 * `npm run bench:mutated-requests`: `--requests` (10,000) damaged requests to one server, of every kind: each element type over REST (rows, columns), gRPC (lists and
 * `tensor_content`) and the Open Inference Protocol (JSON, binary tensors, gRPC), examples, questions, browsers' preflights for pages of other origins, and
 * pictures of every format. Bits, bytes, sizes and pieces are damaged, also the sizes in headers and what a preflight asks for; one in ten is sent whole.
 * Half of them go over ports, half over UNIX sockets.
 *
 * A request that is not answered within `--seconds` (5), a REST answer that is not JSON or has status 500, a gRPC answer INTERNAL or UNKNOWN, and a
 * server that ends or takes more than `--mebibytes` (1,024) more are failures, printed with the request in base64; then the exit code is 1. Another
 * `--seed` (1) makes others.
 */
const count = numberFlag('requests', 10_000);
const mostMilliseconds = numberFlag('seconds', 5) * 1000;
const mostMebibytes = numberFlag('mebibytes', 1024);
/** Codes that blame the server, not the client. */
const ownFailures = [Code.UNKNOWN, Code.INTERNAL, Code.UNAVAILABLE];
const random = createRandom(numberFlag('seed', 1));

const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-mutated-'));
const models = path.join(folder, 'models');
await writeGraphs(path.join(models, 'echo', '1'), [echoGraph(dtypes)]);
const lenet = new LenetModel({ classNames: Array.from('0123456789'), seed: 9 });
await lenet.save(path.join(models, 'LenetModel', '1'));
lenet.dispose();

const pictures = await imageMutants();
const kinds = Object.entries(requestKinds(Object.keys(pictures), picture));
const sockets = { rest: path.join(folder, 'rest.sock'), grpc: path.join(folder, 'grpc.sock') };
const server = await startServeModel([
  ...['--model-folder', models, '--cors-origin', allowedOrigin],
  ...['--rest-socket-path', sockets.rest, '--grpc-socket-path', sockets.grpc],
]);
const state = { hasEnded: false };
server.child.once('exit', () => (state.hasEnded = true));
const grpc = new RawGrpcClient(server.grpcPort);
const grpcOverSocket = new RawGrpcClient(`unix:${sockets.grpc}`);
const agent = new Agent({ keepAlive: true, maxSockets: 4 });
const rss = async () => Math.round(await residentMebibytes(server.child.pid));
const before = await rss();
const outcomes = new Map<string, number>();
let [failures, longest, most, sent] = [0, 0, before, 0];

await Promise.all(Array.from({ length: 4 }, () => worker()));

console.log(
  `${sent} requests of ${kinds.length} kinds, ${Math.round(longest)} ms at most, memory ${before} MiB before and ${most} at most`,
);
const byFrequency = [...outcomes].toSorted(([, a], [, b]) => b - a);
console.log(`  ${byFrequency.map(([outcome, times]) => `${outcome}: ${times}`).join(', ')}`);
// Nothing may be left behind that keeps it from answering.
const alive = await grpc.send('/grpc.health.v1.Health/Check', new Uint8Array());
if (state.hasEnded || alive.code !== Code.OK) fail('the server', `ended: ${state.hasEnded}, health ${alive.code}`);
if (most - before > mostMebibytes) fail('the server', `took ${most - before} MiB more`);
grpc.close();
grpcOverSocket.close();
const code = state.hasEnded ? null : await server.end();
if (code !== 0) fail('the server', `ended with ${code}:\n${server.output.stderr.slice(-2000)}`);
await rm(folder, { recursive: true });
process.exit(failures > 0 ? 1 : 0);

async function worker(): Promise<void> {
  while (sent < count && !state.hasEnded) {
    sent += 1;
    if (sent % 2000 === 0) console.log(`  ${sent} requests, ${failures} failures`);
    const [name, make] = kinds[Math.floor(random() * kinds.length)] ?? ['', null];
    if (!make) continue;
    const request = await make(random);
    await ask(name, random() < 0.1 ? request : damaged(request));
    if (sent % 50 === 0) most = Math.max(most, await rss());
  }
}

function damaged(request: ValidRequest): ValidRequest {
  const body = mutated(request.body, random, [0, request.body.length >> 1, request.body.length - 64]);
  const entries = Object.entries(request.headers).map(([name, value]) => {
    if (request.method === 'OPTIONS') return [name, random() < 0.5 ? value : damagedText(value)] as const;
    const sizes = ['0', '-1', '1e9', '99999999999999999999', 'NaN', String(body.length), String(body.length + 1)];
    const isSize = /^\d+$/.test(value) && random() < 0.3;
    return [name, isSize ? (sizes[Math.floor(random() * sizes.length)] ?? '0') : value] as const;
  });
  return { ...request, body, headers: Object.fromEntries(entries) };
}

/** A header's value that Node.js's client still sends. */
function damagedText(value: string): string {
  return mutated(Buffer.from(value), random, [0])
    .toString('latin1')
    .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?');
}

async function ask(name: string, request: ValidRequest): Promise<void> {
  const started = performance.now();
  const problem = request.isGrpc ? await askGrpc(request) : await askRest(request);
  const milliseconds = performance.now() - started;
  longest = Math.max(longest, milliseconds);
  const what = milliseconds > mostMilliseconds ? `took ${Math.round(milliseconds)} ms` : problem;
  if (what !== null)
    fail(
      name,
      `${what}\n    ${request.path} ${JSON.stringify(request.headers)} ${request.body.toString('base64').slice(0, 3000)}`,
    );
}

async function askGrpc({ path: method, body }: ValidRequest): Promise<string | null> {
  const client = random() < 0.5 ? grpc : grpcOverSocket;
  const { code: status, details } = await client.send(method, body, undefined, {
    deadline: Date.now() + 2 * mostMilliseconds,
  });
  counted(`gRPC ${status}`);
  return ownFailures.includes(status) ? `code ${status}: ${details}` : null;
}

async function askRest({ path: url, method = 'POST', body, headers }: ValidRequest): Promise<string | null> {
  const socketPath = random() < 0.5 ? sockets.rest : undefined;
  try {
    const {
      status,
      text,
      headers: answered,
    } = await send(server.restPort, url, { method, body, headers, agent, socketPath });
    counted(`REST ${method === 'POST' ? '' : `${method} `}${status}`);
    const isBinary = answered['inference-header-content-length'] !== undefined;
    const isPreflight = answered['access-control-allow-methods'] !== undefined;
    if (!isBinary && !isPreflight) JSON.parse(text.replaceAll(/\b(?:NaN|-?Infinity)\b/g, '0'));
    return status >= 500 && status !== 503 ? `status ${status}: ${text}` : null;
  } catch (error) {
    return String(error);
  }
}

/** A damaged picture. If the request around it is not damaged, it reaches the decoder. */
async function picture(format: string, random: Random): Promise<Buffer> {
  const file = await (pictures[format] ?? (() => Promise.reject(new Error(format))))(
    random,
    path.join(folder, `${sent}-${Math.floor(random() * 1e9)}`),
  );
  const bytes = await readFile(file);
  await rm(file);
  return bytes;
}

function counted(outcome: string): void {
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
}

function fail(kind: string, what: string): void {
  failures += 1;
  if (failures <= 20) console.log(`  FAILED ${kind}: ${what}`);
}
