import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { SignatureTensor } from '../../saved-model/read-saved-model.js';
import type { ModelServer, VersionStatus } from '../model-server.js';

/** Answers what is the page's, and says whether it did. */
export type PageHandler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

/** The page's files by their paths: a request chooses among these and names no file itself. */
const files: ReadonlyMap<string, readonly [name: string, type: string]> = new Map([
  ['/', ['index.html', 'text/html; charset=utf-8']],
  ['/page/page.css', ['page.css', 'text/css; charset=utf-8']],
  ['/page/page.js', ['page.js', 'text/javascript; charset=utf-8']],
]);

/** Nothing but the page's own files and pictures: it works without a network, and a hostile class name stays text. */
const headers = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

/** The web page of a server: what is served, pictures to drop, a canvas to draw on. */
export function createPageHandler(models: ModelServer): PageHandler {
  return async (request, response) => {
    const path = (request.url ?? '').replace(/[?#].*$/, '');
    const file = files.get(path);
    if (!file && path !== '/page/models.json') return false;
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const [body, type] = file
      ? [await readFile(new URL(`./public/${file[0]}`, import.meta.url)), file[1]]
      : [Buffer.from(JSON.stringify(describeModels(models))), 'application/json'];
    response.writeHead(200, {
      ...headers,
      'Content-Type': type,
      'Content-Length': body.length,
      'Cache-Control': 'no-cache',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
    return true;
  };
}

/** `/page/models.json`: every model with its versions, and the signatures of those that are available. */
function describeModels(models: ModelServer) {
  return models.modelNames.map((name) => ({
    name,
    versions: models.status({ name }).map((status) => ({ ...status, ...signaturesOf(models, name, status) })),
  }));
}

function signaturesOf(models: ModelServer, name: string, { version, state }: VersionStatus) {
  if (state !== 'AVAILABLE') return {};
  const entries = Object.entries(models.find({ name, version }).signatures);
  const signatures = entries.map(([key, { inputs, outputs, method }]) => [
    key,
    { inputs: tensors(inputs), outputs: tensors(outputs), method },
  ]);
  return { signatures: Object.fromEntries(signatures) as Record<string, unknown> };
}

function tensors(all: Readonly<Record<string, SignatureTensor>>) {
  return Object.entries(all).map(([name, { spec }]) => ({ name, type: String(spec) }));
}
