import { readFile } from 'node:fs/promises';

import { SignetError } from '../../errors.js';
import type { DecodeSize, ExifHandling } from '../../ops/decode-image.js';
import type { ResizeMode } from '../../ops/fit-images.js';
import { composePage } from './compose-page.js';
import { offlineScript } from './offline-script.js';

/** What a page knows about its model besides the graph. */
export interface OfflinePageFacts {
  /** Name of the model, the page's title. */
  readonly name: string;
  /** Names of the classes, in the order of the logits; null if they are unknown, and the page shows numbers. */
  readonly classNames: readonly string[] | null;
  /** Height and width that pictures are brought to; null for a model that takes them as they are. */
  readonly inputSize: readonly [height: number, width: number] | null;
  readonly resize: ResizeMode;
  readonly antialias: boolean;
  readonly exif: ExifHandling;
  /** Whether large JPEGs are made smaller before anything else. */
  readonly decode: DecodeSize;
  /** Whether a softmax is still to be taken; `either` looks at the numbers. */
  readonly gives: 'logits' | 'either';
  /** Thresholds of a multi-label model, by class; null for a model that gives each picture one class. */
  readonly thresholds: readonly number[] | null;
  /** Divides the logits before they become probabilities; 1 changes nothing. */
  readonly temperature: number;
  /** The least probability of a sure answer; null where none was chosen. */
  readonly sureFrom: number | null;
  /** Rows of the page's table about the model: a title and a text each. */
  readonly about: readonly (readonly [title: string, text: string])[];
}

/** The page asks nobody for anything: what it shows and computes with lies next to it, or is made by itself. */
const policy = [
  "default-src 'none'",
  // Of a page that is opened as a file, 'self' is nothing in some browsers.
  "script-src 'self' file: 'wasm-unsafe-eval'",
  "style-src 'self' file:",
  "img-src 'self' file: blob:",
  // TensorFlow.js fetches its WebAssembly, which is embedded in the script.
  'connect-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/**
 * Makes a folder with a web page that classifies pictures in the browser, without a server: from any web server, or opened as a file.
 *
 * @param graphModel Files of a GraphModel: `model.json` and its shards. Each becomes a script, since a page that was opened as a file may
 * load scripts and nothing else.
 * @returns the files by name: `index.html`, `page.js`, `model/weights-1.js`.
 * @throws SignetError `SET_UP_FAILED` when the page's script cannot be made.
 */
export async function offlinePageFiles(
  graphModel: ReadonlyMap<string, Uint8Array>,
  facts: OfflinePageFacts,
): Promise<Map<string, Uint8Array>> {
  const { weightsManifest, ...topology } = JSON.parse(textOf(graphModel, 'model.json')) as {
    readonly weightsManifest: readonly { readonly paths: readonly string[]; readonly weights: readonly object[] }[];
  };
  const shards = weightsManifest.flatMap(({ paths }) => paths.map((name) => contentOf(graphModel, name)));
  const weightBytes = shards.reduce((sum, { length }) => sum + length, 0);
  const model = { topology: { ...topology, weightsManifest }, facts, weightBytes, partCount: shards.length };
  const html = (await composePage('offline.html')).replace(
    '<!-- content-security-policy -->',
    `<meta http-equiv="Content-Security-Policy" content="${policy}" />`,
  );
  return new Map([
    ['index.html', Buffer.from(html)],
    ['page.css', await readFile(new URL('./public/page.css', import.meta.url))],
    ['icon.svg', await readFile(new URL('./public/icon.svg', import.meta.url))],
    ['page.js', Buffer.from(await offlineScript())],
    ['model/model.js', part('model', JSON.stringify(model))],
    ...shards.map((bytes, i) => {
      const name = `weights-${i + 1}`;
      return [`model/${name}.js`, part(name, Buffer.from(bytes).toString('base64'))] as const;
    }),
  ]);
}

/** A script that hands a text over; `model-parts.js` waits for it. */
function part(name: string, text: string): Uint8Array {
  return Buffer.from(`signetPart(${JSON.stringify(name)},${JSON.stringify(text)});\n`);
}

function textOf(files: ReadonlyMap<string, Uint8Array>, name: string): string {
  return Buffer.from(contentOf(files, name)).toString('utf8');
}

function contentOf(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const content = files.get(name);
  if (content) return content;
  throw new SignetError('INVALID_ARGUMENT', `A page is made from all files of a GraphModel. Missing: ${name}.`);
}
