import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { onTestFinished } from 'vitest';

/** How the server misbehaves on its n-th request, from 0; `undefined` if it answers normally. */
export type Misbehave = (request: IncomingMessage, response: ServerResponse, n: number) => boolean;

/** A server for one file that supports ranges. */
export interface FileServer {
  /** Ends with a slash. */
  readonly url: string;
  /** The requests so far, as `PATH RANGE`. */
  readonly requests: string[];
}

/** Serves a file under every path, until the test is done. */
export async function serveFile(content: () => Buffer, misbehave: Misbehave = () => false): Promise<FileServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.url} ${request.headers.range ?? ''}`.trimEnd());
    if (!misbehave(request, response, requests.length - 1)) answer(request, response, content());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests };
}

/** Answers like the server of Keras Applications: with an ETag, ranges and `If-Range`. */
export function answer({ headers }: IncomingMessage, response: ServerResponse, content: Buffer): void {
  const etag = `"${content.length}-${content[0]}"`;
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? NaN);
  const isRange = !Number.isNaN(from) && headers['if-range'] === etag;
  if (!isRange) {
    response.writeHead(200, { etag, 'content-length': content.length }).end(content);
  } else if (from >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
  } else {
    const range = `bytes ${from}-${content.length - 1}/${content.length}`;
    response.writeHead(206, { etag, 'content-range': range, 'content-length': content.length - from });
    response.end(content.subarray(from));
  }
}

/** Begins to answer with the whole file, and breaks off after some bytes. */
export function cutAfter(bytes: number, response: ServerResponse, content: Buffer): true {
  response.writeHead(200, { etag: `"${content.length}-${content[0]}"`, 'content-length': content.length });
  response.write(content.subarray(0, bytes), () => setTimeout(() => response.destroy(), 50));
  return true;
}
