import { readFile } from 'node:fs/promises';

import type { SignatureTensor } from '../../saved-model/read-saved-model.js';
import type { ModelServer, VersionStatus } from '../model-server.js';
import { statusesOrNone } from '../model-statuses.js';
import { json, type Route } from '../rest/rest-call.js';

/** The page's files by their paths: a request chooses among these and names no file itself. */
const files = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/page/page.css', 'page.css', 'text/css; charset=utf-8'],
  ['/page/page.js', 'page.js', 'text/javascript; charset=utf-8'],
] as const;

/** Nothing but the page's own files and pictures: it works without a network, and a hostile class name stays text. */
const headers = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
};

/** The web page of a server: what is served, pictures to drop, a canvas to draw on. It asks for the token itself. */
export function pageRoutes(models: ModelServer): Route[] {
  const pages = files.map(([path, file, type]): Route => {
    const handle = async () => ({ type, headers, body: await readFile(new URL(`./public/${file}`, import.meta.url)) });
    return { method: 'GET', path, name: 'Page', isOpen: true, isQuiet: true, handle };
  });
  const handle = () => json(describeModels(models));
  return [...pages, { method: 'GET', path: '/page/models.json', name: 'Page', isQuiet: true, handle }];
}

/** `/page/models.json`: every model with its versions, and the signatures of those that are available. */
function describeModels(models: ModelServer) {
  return models.modelNames.map((name) => ({
    name,
    versions: statusesOrNone(models, name).map((status) => ({ ...status, ...signaturesOf(models, name, status) })),
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
