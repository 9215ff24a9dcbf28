import { SignetError } from '../errors.js';
import { isLoopback } from './is-loopback.js';

/** A failure that may not occur at the next try: the network broke, or the server was busy. */
export class PassingFailure extends Error {
  constructor(
    readonly code: 'OFFLINE' | 'DOWNLOAD_FAILED',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Headers of a request by name. */
export type RequestHeaders = Readonly<Record<string, string>>;

const mostRedirects = 5;
const redirects = [301, 302, 303, 307, 308];

/**
 * Fetches over HTTPS, or HTTP on this machine alone, and follows a few redirects, never from HTTPS to HTTP.
 *
 * @param headers For every host on the way; a function gives those of one address, so that a token stays with its host.
 * @throws PassingFailure when the server cannot be reached.
 * @throws SignetError `DOWNLOAD_FAILED` when it redirects too often, or to an address that is not allowed.
 */
export async function fetchFollowing(
  address: string,
  headers: RequestHeaders | ((url: URL) => RequestHeaders),
  signal: AbortSignal,
): Promise<Response> {
  let url = new URL(address);
  for (let followed = 0; followed <= mostRedirects; followed += 1) {
    const response = await fetchOnce(url, typeof headers === 'function' ? headers(url) : headers, signal);
    if (!redirects.includes(response.status)) return response;
    await response.body?.cancel();
    url = nextAddress(url, response.headers.get('location'));
  }
  throw new SignetError('DOWNLOAD_FAILED', `${new URL(address).host} redirects more than ${mostRedirects} times.`);
}

/** Whether nobody can change the data on its way: HTTPS, or this machine itself. */
export function isSafeAddress({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

async function fetchOnce(url: URL, headers: RequestHeaders, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { headers, redirect: 'manual', signal });
  } catch (error) {
    throw signal.aborted ? error : new PassingFailure('OFFLINE', unreachable(url, error), { cause: error });
  }
}

function unreachable(url: URL, error: unknown): string {
  const code = causeOf(error);
  const isUntrusted = /CERT|SIGNATURE|ISSUER/.test(code);
  const advice = isUntrusted ? ' NODE_EXTRA_CA_CERTS names a file with certificates to trust as well.' : '';
  return `${url.host} cannot be reached (${code}).${advice}`;
}

/** The system's code for why a connection failed, such as `ENOTFOUND`; `fetch` hides it in the cause of its error. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause === undefined ? error.message : causeOf(error.cause);
}

function nextAddress(from: URL, location: string | null): URL {
  const to = location !== null && URL.canParse(location, from.href) ? new URL(location, from) : null;
  const isPlain = to?.username === '' && to.password === '';
  if (to && isPlain && isSafeAddress(to) && (to.protocol === 'https:' || from.protocol === 'http:')) return to;
  // Its query may hold a signature, and the part before @ a password.
  const where = to ? `${to.protocol}//${to.host}${to.pathname}` : 'nowhere';
  throw new SignetError('DOWNLOAD_FAILED', `${from.host} redirects to ${where}, where a download does not follow.`);
}
