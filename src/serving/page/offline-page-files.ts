import { readFile } from 'node:fs/promises';

import { SignetError } from '../../errors.js';
import type { DecodeSize, ExifHandling } from '../../ops/decode-image.js';
import type { ResizeMode } from '../../ops/fit-images.js';
import { composePage } from './compose-page.js';
import { offlineScript } from './offline-script.js';

/** Facts about a page's model in addition to its graph. */
export interface OfflinePageFacts {
  /** Name of the model, the page's title. */
  readonly name: string;
  /** Names of the classes, in the order of the logits; null if they are unknown; the page then shows numbers. */
  readonly classNames: readonly string[] | null;
  /** Height and width that pictures are resized to; null for a model that takes any size. */
  readonly inputSize: readonly [height: number, width: number] | null;
  readonly resize: ResizeMode;
  readonly antialias: boolean;
  readonly exif: ExifHandling;
  /** Whether large JPEGs are reduced before anything else. */
  readonly decode: DecodeSize;
  /** Whether a softmax must still be applied; `either` decides by the numbers. */
  readonly gives: 'logits' | 'either';
  /** Thresholds of a multi-label model, by class; null for a model that gives each picture one class. */
  readonly thresholds: readonly number[] | null;
  /** Divides the logits before they become probabilities; 1 changes nothing. */
  readonly temperature: number;
  /** The lowest probability of a sure answer; null if none was chosen. */
  readonly sureFrom: number | null;
  /** Rows of the page's table about the model: a title and a text each. */
  readonly about: readonly (readonly [title: string, text: string])[];
}

/** The page requests nothing from anybody: everything it shows and computes with is next to it, or made by itself. */
const policy = [
  "default-src 'none'",
  // If a page is opened as a file, 'self' matches nothing in some browsers.
  "script-src 'self' file: 'wasm-unsafe-eval'",
  "style-src 'self' file:",
  "img-src 'self' file: blob:",
  // TensorFlow.js fetches its WebAssembly, which is embedded in the script.
  'connect-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/**
 * Makes a folder with a web page that classifies pictures in the browser, without a server: it works from any web server, or opened as a file.
 *
 * @param graphModel Files of a GraphModel: `model.json` and its shards. Each becomes a script, since a page that is opened as a file can only load
 *   scripts.
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

/** A script that delivers a text; `model-parts.js` waits for it. */
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
