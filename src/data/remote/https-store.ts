import { causeOf, fetchFollowing, PassingFailure, type RequestHeaders } from '../../files/fetch-following.js';
import { RemoteFailure, type RemoteStore } from './remote-store.js';

/** Reads files of a web server by ranges (RFC 9110, section 14). It cannot list folders. */
export const httpsStore: RemoteStore = {
  list: async () => Promise.resolve(null),

  async describe(location, signal) {
    // Signed addresses often allow GET and not HEAD.
    const response = await ask(location, 'bytes=0-0', signal);
    await response.body?.cancel();
    const { status, headers } = response;
    if (status === 404 || status === 410) return null;
    const size = sizeIn(headers.get('content-range'));
    // An empty file has no ranges.
    if (size !== null && (status === 206 || status === 416)) return { location, size, version: versionIn(headers) };
    throw status === 200 ? withoutRanges() : refusal(response);
  },

  async read({ location, size, version }, offset, length, signal) {
    const response = await ask(location, `bytes=${offset}-${offset + length - 1}`, signal);
    try {
      if (response.status === 200) throw withoutRanges();
      if (response.status !== 206) throw refusal(response);
      const total = sizeIn(response.headers.get('content-range'));
      if (versionIn(response.headers) !== version || total !== size) throw RemoteFailure.changed();
      return await takeBody(response, length);
    } catch (error) {
      await response.body?.cancel().catch(() => undefined);
      throw error;
    }
  },
};

async function ask(location: string, range: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetchFollowing(location, (url) => headersFor(url, range), signal);
  } catch (error) {
    if (error instanceof PassingFailure) throw new RemoteFailure('passing', error.message.replace(/\.$/, ''), { cause: error }); // prettier-ignore
    throw error;
  }
}

/** `SIGNET_HTTPS_TOKENS`: `data.example.org=TOKEN,other.example.org=TOKEN`; a token goes to its host only. */
function headersFor(url: URL, range: string): RequestHeaders {
  const pairs = (process.env.SIGNET_HTTPS_TOKENS ?? '').split(',').map((pair) => pair.trim());
  const token = pairs.find((pair) => pair.startsWith(`${url.host}=`))?.slice(url.host.length + 1);
  return { range, 'accept-encoding': 'identity', ...(token && { authorization: `Bearer ${token}` }) };
}

async function takeBody({ body }: Response, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  try {
    for await (const piece of (body ?? []) as AsyncIterable<Uint8Array>) {
      if (filled + piece.length > length) throw new RemoteFailure('refused', 'the server sends more than it was asked for'); // prettier-ignore
      bytes.set(piece, filled);
      filled += piece.length;
    }
  } catch (error) {
    if (error instanceof RemoteFailure) throw error;
    throw new RemoteFailure('passing', `the connection broke (${causeOf(error)})`, { cause: error });
  }
  if (filled < length) throw new RemoteFailure('passing', `the answer ended after ${filled} of ${length} bytes`);
  return bytes;
}

/** The size of the whole file in `bytes 0-0/1234`, or in a `content-range` that has a star for the bytes. */
function sizeIn(contentRange: string | null): number | null {
  const [, size] = /^bytes (?:\d+-\d+|\*)\/(\d{1,15})$/.exec(contentRange ?? '') ?? [];
  return size === undefined ? null : Number(size);
}

function versionIn(headers: Headers): string {
  return headers.get('etag') ?? headers.get('last-modified') ?? '';
}

function refusal({ status, statusText }: Response): RemoteFailure {
  return RemoteFailure.ofStatus(status, `the server answers ${`${status} ${statusText}`.trimEnd()}`);
}

function withoutRanges(): RemoteFailure {
  return new RemoteFailure('refused', 'the server does not answer range requests');
}
