import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { latencyOf } from '../../src/data/statistics.js';
import type { LoadResult } from './load.js';

/** A request that is sent repeatedly. */
export interface Target {
  readonly url: string;
  readonly body: Buffer;
  readonly headers: readonly string[];
  /** Default: HTTP/1.1. */
  readonly isHttp2?: boolean;
}

const run = promisify(execFile);

/** A gRPC call with one message, as an HTTP/2 request: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md. */
export function grpcTarget(port: number, method: string, message: Uint8Array): Target {
  const body = Buffer.alloc(5 + message.length);
  body.writeUInt32BE(message.length, 1);
  body.set(message, 5);
  return {
    url: `http://127.0.0.1:${port}${method}`,
    body,
    headers: ['content-type: application/grpc', 'te: trailers'],
    isHttp2: true,
  };
}

/** A request over HTTP/1.1. */
export function restTarget(port: number, where: string, body: Buffer, type = 'application/json'): Target {
  return { url: `http://127.0.0.1:${port}${where}`, body, headers: [`content-type: ${type}`] };
}

/** Whether nghttp2's load generator is installed. */
export async function hasH2load(): Promise<boolean> {
  return run('h2load', ['--version']).then(
    () => true,
    () => false,
  );
}

/**
 * A number of clients send requests as fast as they are answered, for a number of seconds. h2load is written in C: on a small machine, a load
 * generator in Node.js would take as much processor time as the server.
 *
 * @throws Error if an answer is not 200. The gRPC status, which follows the answer, is not checked.
 */
export async function h2load(
  { url, body, headers, isHttp2 }: Target,
  clients: number,
  seconds: number,
): Promise<LoadResult> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-h2load-'));
  try {
    const [file, log] = [path.join(folder, 'body'), path.join(folder, 'log')];
    await writeFile(file, body);
    await run('h2load', [
      ...(isHttp2 ? [] : ['--h1']),
      ...['--clients', String(clients), '--max-concurrent-streams', '1', '--duration', String(seconds)],
      ...['--data', file, '--log-file', log, ...headers.flatMap((header) => ['--header', header]), url],
    ]);
    return summary(await readFile(log, 'utf8'), seconds);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** One line per request: start in microseconds, status, microseconds, separated by tabs. */
function summary(log: string, seconds: number): LoadResult {
  // Empty if the machine is so busy that no request ended in time.
  const lines = log.split('\n').filter((line) => line !== '');
  const rows = lines.map((line) => line.split('\t').map(Number));
  const failed = rows.filter(([, status]) => status !== 200);
  if (failed[0]) throw new Error(`${failed.length} of ${rows.length} requests failed, the first with ${failed[0][1]}.`);
  const latencies = rows.map(([, , microseconds = NaN]) => microseconds / 1000);
  return { ...latencyOf(latencies), requestsPerSecond: rows.length / seconds, requests: rows.length, errors: [] };
}
