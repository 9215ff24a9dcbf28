import { type FileHandle, open } from 'node:fs/promises';

import { SignetError } from '../../errors.js';
import { type BegunDownload, discardPart, noteBegun, readBegun, sizeOf } from './begun-download.js';
import { causeOf, fetchFollowing, PassingFailure } from '../../files/fetch-following.js';

/** Progress of a download. */
export interface DownloadProgress {
  /** Bytes that have arrived so far, those of earlier tries included. */
  readonly receivedBytes: number;
  /** `null` where the server does not say. */
  readonly totalBytes: number | null;
}

/** Options of a download. */
export interface DownloadFileOptions {
  /** A larger file is refused. */
  readonly mostBytes: number;
  /** Aborts the download; what has arrived so far is kept. */
  readonly signal?: AbortSignal | undefined;
  /** Called whenever bytes arrive. Default: not reported. */
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Number of consecutive tries that may fail without receiving anything. Default: 3. */
  readonly tries?: number | undefined;
  /** Seconds between two tries. Default: 1. */
  readonly pauseSeconds?: number | undefined;
  /** Seconds without a byte after which a connection counts as broken. Default: 60. */
  readonly idleSeconds?: number | undefined;
}

/**
 * Downloads a file, resuming an earlier download that was interrupted, if the server still has the same file.
 *
 * @param part Path for the bytes. Next to it, `PART.json` says which file they belong to.
 * @returns Whether the file was joined from several answers.
 * @throws SignetError `OFFLINE`, `DOWNLOAD_FAILED`; what has arrived so far is kept for the next run.
 */
export async function downloadFile(address: string, part: string, options: DownloadFileOptions): Promise<boolean> {
  const { tries = 3, pauseSeconds = 1 } = options;
  for (let failures = 0; ;) {
    const before = await sizeOf(part);
    try {
      return await receiveRest(address, part, options);
    } catch (error) {
      if (!(error instanceof PassingFailure)) throw error;
      failures = (await sizeOf(part)) > before ? 0 : failures + 1;
      if (failures >= tries) throw new SignetError(error.code, error.message, { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, pauseSeconds * 1000));
  }
}

/** One answer of the server. */
interface Transfer {
  readonly address: string;
  readonly part: string;
  readonly begun: BegunDownload | null;
  readonly options: DownloadFileOptions;
  /** Called for every piece that arrives. */
  readonly alive: () => void;
}

async function receiveRest(address: string, part: string, options: DownloadFileOptions): Promise<boolean> {
  const idleSeconds = options.idleSeconds ?? 60;
  const idle = new AbortController();
  const timer = setTimeout(() => idle.abort(), idleSeconds * 1000);
  const signal = AbortSignal.any([idle.signal, ...(options.signal ? [options.signal] : [])]);
  try {
    const begun = await readBegun(part, address);
    const headers = { 'accept-encoding': 'identity', ...(begun && rangeHeaders(begun)) };
    const response = await fetchFollowing(address, headers, signal);
    return await take(response, { address, part, begun, options, alive: () => timer.refresh() });
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!idle.signal.aborted) throw error;
    throw new PassingFailure('OFFLINE', `${new URL(address).host} sent nothing for ${idleSeconds} s.`);
  } finally {
    clearTimeout(timer);
  }
}

/** RFC 9110: asks for the rest of a file or, because of `If-Range`, for all of it if it has changed meanwhile. */
function rangeHeaders({ bytes, validator }: BegunDownload): Record<string, string> {
  return { range: `bytes=${bytes}-`, 'if-range': validator };
}

async function take(response: Response, transfer: Transfer): Promise<boolean> {
  const { address, part, begun, options } = transfer;
  const { start, total } = rangeOf(response);
  const isRest = begun !== null && response.status === 206 && start === begun.bytes && isSame(response, begun);
  if (!isRest && response.status !== 200) {
    await response.body?.cancel();
    if (begun && response.status === 416 && total === begun.bytes) return true;
    // This server cannot continue the part: the next try asks for the whole file.
    if (begun && [206, 416].includes(response.status)) await discardPart(part);
    throw refusal(response);
  }
  if ((total ?? 0) > options.mostBytes) {
    await response.body?.cancel();
    throw tooLarge(response, options.mostBytes);
  }
  if (!isRest) await noteBegun(part, address, response.headers);
  await writeBody(response, isRest ? begun.bytes : 0, total, transfer);
  return isRest;
}

function isSame({ headers }: Response, { validator }: BegunDownload): boolean {
  return [headers.get('etag'), headers.get('last-modified')].includes(validator);
}

/** Where the bytes of an answer begin in the file, and the file's size; `null` where the server does not say. */
function rangeOf({ headers, status }: Response): { start: number | null; total: number | null } {
  const number = (text: string | null | undefined) => (/^\d{1,15}$/.test(text ?? '') ? Number(text) : null);
  const isEncoded = (headers.get('content-encoding') ?? 'identity') !== 'identity';
  if (status === 200) return { start: 0, total: isEncoded ? null : number(headers.get('content-length')) };
  const [, start, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
  return { start: number(start), total: number(total) };
}

function refusal({ status, statusText, url }: Response): Error {
  const message = `${new URL(url).host} answers ${`${status} ${statusText}`.trimEnd()}.`;
  const isPassing = [206, 408, 416, 429].includes(status) || status >= 500;
  return isPassing ? new PassingFailure('DOWNLOAD_FAILED', message) : new SignetError('DOWNLOAD_FAILED', message);
}

function tooLarge({ url }: Response, mostBytes: number): SignetError {
  return new SignetError(
    'DOWNLOAD_FAILED',
    `${new URL(url).host} sends more than ${megabytes(mostBytes)}, which no such file has.`,
  );
}

async function writeBody(response: Response, from: number, total: number | null, transfer: Transfer): Promise<void> {
  const { part, options, alive } = transfer;
  const handle = await open(part, from === 0 ? 'w' : 'a');
  let receivedBytes = from;
  try {
    options.onProgress?.({ receivedBytes, totalBytes: total });
    for await (const piece of piecesOf(response)) {
      alive();
      receivedBytes += piece.length;
      if (receivedBytes > options.mostBytes) {
        await discardPart(part);
        throw tooLarge(response, options.mostBytes);
      }
      await writeAll(handle, piece);
      options.onProgress?.({ receivedBytes, totalBytes: total });
    }
    if (total !== null && receivedBytes !== total) throw broken(response, 'it ended early');
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function* piecesOf(response: Response): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const pieces = response.body[Symbol.asyncIterator]() as AsyncIterableIterator<Uint8Array>;
  try {
    yield* pieces;
  } catch (error) {
    throw broken(response, causeOf(error), error);
  }
}

function broken({ url }: Response, why: string, cause?: unknown): PassingFailure {
  return new PassingFailure('OFFLINE', `The connection to ${new URL(url).host} broke (${why}).`, { cause });
}

/** On a full disk, a file may accept only a part of the bytes. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written);
    written += bytesWritten;
  }
}

/** `94.7 MB` */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
