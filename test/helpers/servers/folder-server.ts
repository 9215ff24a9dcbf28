import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

import { onTestFinished } from 'vitest';

/** Answers a request in place of the server. Returns true if it did. */
export type Instead = (request: IncomingMessage, response: ServerResponse, n: number) => boolean;

/** A web server for a folder, with ranges by RFC 9110. */
export interface FolderServer {
  /** Ends with a slash. */
  readonly url: string;
  /** The requests so far, as `PATH RANGE`. */
  readonly requests: string[];
}

/** Serves a folder until the test is done. */
export async function serveFolder(folder: string, instead: Instead = () => false): Promise<FolderServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.url} ${request.headers.range ?? ''}`.trimEnd());
    if (!instead(request, response, requests.length - 1)) void answerRange(folder, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests };
}

async function answerRange(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const file = path.join(folder, decodeURIComponent(new URL(request.url ?? '', 'http://here').pathname));
  const stats = statSync(file, { throwIfNoEntry: false });
  if (!stats?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  const etag = `"${stats.size}-${stats.mtimeMs}"`;
  if (request.method === 'HEAD') {
    response.writeHead(200, { etag, 'content-length': stats.size }).end();
    return;
  }
  const [, from = '', to = ''] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const [start, end] = [Number(from), Math.min(Number(to), stats.size - 1)];
  if (from === '' || start > end) {
    response.writeHead(416, { etag, 'content-range': `bytes */${stats.size}` }).end();
    return;
  }
  const bytes = Buffer.alloc(end - start + 1);
  const handle = await open(file);
  await handle.read(bytes, 0, bytes.length, start);
  await handle.close();
  response.writeHead(206, { etag, 'content-range': `bytes ${start}-${end}/${stats.size}`, 'content-length': bytes.length }); // prettier-ignore
  response.end(bytes);
}
