import { setTimeout as wait } from 'node:timers/promises';

import { SignetError, wordsOf } from '../../errors.js';
import { printable } from '../../text/printable.js';
import { openGsStore } from './gs-store.js';
import { httpsStore } from './https-store.js';
import { isSafeLocation, isWeb, shownLocation } from './location.js';
import { objectOf } from './object-of.js';
import { RemoteFailure, type RemoteFile, type RemoteStore } from './remote-store.js';
import { openS3Store } from './s3-store.js';

/** Failure to read a remote location, which its message names. It says nothing about an image, so a reader must not treat the image as broken. */
export class RemoteError extends SignetError {}

/** Number of tries before a temporary failure is reported: after up to 6 s, if each fails at once. */
const tries = 6;
const firstPause = 200;
/** Maximum time for an answer, in milliseconds; the largest that is requested has 8 MiB. */
const longestAnswer = 120_000;
/** Maximum number of files in a folder that is listed. */
const mostListed = 100_000;

const stores = new Map<string, Promise<RemoteStore>>();

/** @throws SignetError `INVALID_ARGUMENT` for HTTP to another machine, or for a password; `INVALID_DATASET` for a location without a bucket. */
export function checkLocation(location: string): void {
  if (!isWeb(location)) {
    objectOf(location);
    return;
  }
  const shown = shownLocation(location);
  if (!URL.canParse(location))
    throw new SignetError('INVALID_ARGUMENT', `${shown} is not an address. Expected: https://HOST/PATH.`);
  if (!isSafeLocation(location)) {
    throw new SignetError(
      'INVALID_ARGUMENT',
      `${shown} cannot be read safely: over http://, others on the network could change the images. Use https://.`,
    );
  }
  const { username, password } = new URL(location);
  if (username !== '' || password !== '') {
    throw new SignetError(
      'INVALID_ARGUMENT',
      `The address of ${shown} contains a user name or a password, which are not supported. Give a bearer token in SIGNET_HTTPS_TOKENS (HOST=TOKEN).`,
    );
  }
}

/** @throws SignetError as `checkLocation`; `INVALID_ARGUMENT` if the package for the scheme is not installed. */
async function storeOf(location: string): Promise<RemoteStore> {
  checkLocation(location);
  const scheme = location.slice(0, location.indexOf(':'));
  const found = stores.get(scheme) ?? open(scheme);
  stores.set(scheme, found);
  found.catch(() => stores.delete(scheme));
  return found;
}

async function open(scheme: string): Promise<RemoteStore> {
  if (scheme === 's3') return openS3Store();
  return scheme === 'gs' ? openGsStore() : httpsStore;
}

/**
 * Lists the names of the files directly in a folder elsewhere.
 *
 * @returns Null if they cannot be listed, as at `https://`.
 * @throws RemoteError.
 */
export async function listRemote(folder: string): Promise<readonly string[] | null> {
  const store = await storeOf(folder);
  const place = folder.endsWith('/') ? folder : `${folder}/`;
  return patiently(folder, 'listed', (signal) => store.list(place, mostListed, signal));
}

/** @returns Null if there is no such file. @throws RemoteError. */
export async function describeRemote(location: string, signal?: AbortSignal): Promise<RemoteFile | null> {
  const store = await storeOf(location);
  return patiently(location, 'read', (each) => store.describe(location, each), signal);
}

/**
 * Reads a range of a remote file, and tries again after temporary failures.
 *
 * @throws RemoteError, which names the file and the byte.
 */
export async function readRemote(
  file: RemoteFile,
  offset: number,
  length: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const store = await storeOf(file.location);
  return patiently(file.location, `read at byte ${offset}`, (each) => store.read(file, offset, length, each), signal);
}

async function patiently<T>(
  location: string,
  doing: string,
  ask: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  for (let failed = 0; ;) {
    signal?.throwIfAborted();
    const limit = AbortSignal.timeout(longestAnswer);
    try {
      return await ask(signal ? AbortSignal.any([signal, limit]) : limit);
    } catch (error) {
      signal?.throwIfAborted();
      const failure = limit.aborted
        ? new RemoteFailure('passing', 'the server took too long', { cause: error })
        : error;
      if (!(failure instanceof RemoteFailure)) throw failure;
      failed += 1;
      if (failure.kind !== 'passing' || failed === tries) throw explained(location, doing, failure);
    }
    // Many readers that fail at the same time try again at different times.
    await wait(firstPause * 2 ** (failed - 1) * (0.5 + Math.random() / 2), undefined, signal ? { signal } : {}).catch(() => undefined); // prettier-ignore
  }
}

const credentials: Readonly<Record<string, string>> = {
  s3: 'the credentials of the AWS SDK, such as AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN',
  gs: "Google's application default credentials, such as GOOGLE_APPLICATION_CREDENTIALS",
  https: 'the address, or SIGNET_HTTPS_TOKENS (HOST=TOKEN)',
};

function explained(location: string, doing: string, failure: RemoteFailure): RemoteError {
  const scheme = location.slice(0, location.indexOf(':'));
  const advice = {
    passing: `${tries} tries failed. Run the same command again later, or continue the training with --resume`,
    denied: `Check ${credentials[scheme] ?? credentials.https ?? ''}, which may be missing or expired, and run the command again`,
    refused: 'Check the location, and run the command again',
  }[failure.kind];
  const what = `${shownLocation(location)} cannot be ${doing}: ${printable(wordsOf(failure)).replace(/\.$/, '')}`;
  const code = failure.kind === 'passing' ? 'OFFLINE' : 'DOWNLOAD_FAILED';
  return new RemoteError(code, `${what}. ${advice}.`, { cause: failure });
}
