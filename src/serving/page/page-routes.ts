import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';

import { type ModelServer, statusesOrNone } from '../model-server.js';
import { json, type Route } from '../rest/rest-call.js';
import { ServingError } from '../serving-error.js';
import { composePage } from './compose-page.js';
import { describeVersion } from './describe-version.js';

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The page's files. Only these are served: no part of a request's path is used as a file name. */
const files = [
  'page.css',
  'icon.svg',
  'page.js',
  'answers.js',
  'ask-server.js',
  'camera.js',
  'class-words.js',
  'compared-answer.js',
  'curl-line.js',
  'drawing-keys.js',
  'drawing-pad.js',
  'elements.js',
  'frame-drawing.js',
  'model-choice.js',
  'model-tabs.js',
  'picture-desk.js',
  'picture-files.js',
  'probability-bar.js',
  'server.js',
  'signature-table.js',
  'token-form.js',
];

/** Allows only the page's own files and pictures: it works without a network, and a hostile class name stays text. */
const headers = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
};

/**
 * The web page of a server: what is served, pictures to drop, a canvas to draw on. The page's own files need no token, since the page asks for it
 * itself; the data that it requests does.
 */
export function pageRoutes(models: ModelServer): Route[] {
  const common = { method: 'GET', name: 'Page', isQuiet: true } as const;
  const pages = files.map((file): Route => {
    const type = types[extname(file)] ?? '';
    const handle = async () => ({ type, headers, body: await readFile(new URL(`./public/${file}`, import.meta.url)) });
    return { ...common, path: `/page/${file}`, isOpen: true, handle };
  });
  const index = async () => ({ type: 'text/html; charset=utf-8', headers, body: await composePage('index.html') });
  return [
    { ...common, path: '/', isOpen: true, handle: index },
    ...pages,
    { ...common, path: '/page/models.json', handle: () => json(describeModels(models)) },
    { ...common, path: '/page/version.json', handle: ({ query }) => json(describeVersion(models, wanted(query))) },
  ];
}

/** `/page/models.json`: every model with its versions; requested every few seconds, so it is short. */
function describeModels(models: ModelServer) {
  return models.modelNames.map((name) => ({ name, versions: statusesOrNone(models, name) }));
}

/** `?model=NAME&version=3`, or without the version for the latest. */
function wanted(query: URLSearchParams) {
  const name = query.get('model') ?? '';
  const version = query.get('version');
  if (version === null) return { name };
  if (/^\d{1,15}$/.test(version)) return { name, version: Number(version) };
  throw new ServingError('INVALID_ARGUMENT', 'A version is a whole number. Received: something else.');
}
