import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { connect as connectHttp2, type ClientHttp2Session, constants } from 'node:http2';
import os from 'node:os';

import type { Target } from './h2load.js';

/** What `large-bodies.ts` tells a process of this module. The body is in a file, because a message would copy it. */
export interface LargeRequest extends Omit<Target, 'body'> {
  readonly bodyFile: string;
}

/** What the process reports when it stops. */
export interface LargeResult {
  /** Milliseconds that each request took. */
  readonly milliseconds: readonly number[];
  /** HTTP statuses of requests that were not answered with a result, with gRPC statuses in brackets. */
  readonly failures: readonly string[];
  /** Bytes of an answer. */
  readonly answerBytes: number;
}

/** A client in its own process that sends one large request after another until it gets the message `stop`. */
async function main({ url, bodyFile, headers, isHttp2 }: LargeRequest): Promise<void> {
  // It stands for another machine, which would not use this one's processors.
  os.setPriority(os.constants.priority.PRIORITY_LOW);
  const body = await readFile(bodyFile);
  const fields = Object.fromEntries(headers.map((header) => header.split(': ') as [string, string]));
  const send = isHttp2 ? http2Sender(url, fields, body) : http1Sender(url, fields, body);
  const milliseconds: number[] = [];
  const failures: string[] = [];
  let answerBytes = 0;
  let isOver = false;
  process.on('message', () => (isOver = true));
  while (!isOver) {
    const started = performance.now();
    const { status, bytes, text } = await send();
    milliseconds.push(performance.now() - started);
    if (status !== '200') failures.push(`${status} ${text}`);
    answerBytes = bytes;
  }
  process.send?.({ milliseconds, failures, answerBytes } satisfies LargeResult);
  process.disconnect();
  process.exit(0);
}

interface Answer {
  readonly status: string;
  readonly bytes: number;
  /** Its beginning. */
  readonly text: string;
}

function http1Sender(url: string, headers: Readonly<Record<string, string>>, body: Buffer): () => Promise<Answer> {
  const agent = new Agent({ keepAlive: true });
  return async () => {
    const sent = request(url, { method: 'POST', agent, headers: { ...headers, 'content-length': body.length } });
    sent.end(body);
    const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
    let bytes = 0;
    let text = '';
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (bytes === 0) text = chunk.toString('utf8', 0, 200);
      bytes += chunk.length;
    }
    return { status: String(response.statusCode), bytes, text };
  };
}

/** Windows as large as those of the gRPC client in C. */
const windowBytes = 2 ** 22;

function http2Sender(url: string, headers: Readonly<Record<string, string>>, body: Buffer): () => Promise<Answer> {
  const { origin, pathname } = new URL(url);
  const session: ClientHttp2Session = connectHttp2(origin, { settings: { initialWindowSize: windowBytes } });
  session.once('connect', () => session.setLocalWindowSize(windowBytes));
  return async () => {
    const stream = session.request({ ':method': 'POST', ':path': pathname, ...headers });
    let status = '';
    let text = '';
    const note = (given: Record<string, unknown>) => {
      const grpc = given['grpc-status'];
      if (given[constants.HTTP2_HEADER_STATUS] !== undefined) status = String(given[constants.HTTP2_HEADER_STATUS]);
      if (grpc === undefined || grpc === '0') return;
      status += ` (${String(grpc)})`;
      text = decodeURIComponent(String(given['grpc-message']));
    };
    stream.on('response', note);
    stream.on('trailers', note);
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
    stream.end(body);
    await once(stream, 'close');
    return { status, bytes, text };
  };
}

process.once('message', (message: LargeRequest) => void main(message));
