import { SignetError } from '../../errors.js';
import { causeOf, fetchFollowing, PassingFailure, type RequestHeaders } from '../../files/fetch-following.js';
import { joinPieces, RemoteFailure, type RemoteStore } from './remote-store.js';

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
      // It has become shorter than the place that is read.
      if (response.status === 416) throw RemoteFailure.changed();
      if (response.status !== 206) throw refusal(response);
      const range = response.headers.get('content-range');
      if (versionIn(response.headers) !== version || sizeIn(range) !== size) throw RemoteFailure.changed();
      const wanted = `bytes ${offset}-${offset + length - 1}/${size}`;
      if (range !== wanted) throw new RemoteFailure('refused', `the server answers with ${range ?? ''} instead of ${wanted}`); // prettier-ignore
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
    // A redirect that is not followed: it says nothing about the images either.
    if (error instanceof SignetError) throw new RemoteFailure('refused', error.message, { cause: error });
    throw error;
  }
}

/** `SIGNET_HTTPS_TOKENS`: `data.example.org=TOKEN,other.example.org=TOKEN`; a token is only sent to its host. */
function headersFor(url: URL, range: string): RequestHeaders {
  const pairs = (process.env.SIGNET_HTTPS_TOKENS ?? '').split(',').map((pair) => pair.trim());
  const token = pairs.find((pair) => pair.startsWith(`${url.host}=`))?.slice(url.host.length + 1);
  // fetch would quote such a token in its error.
  if (token !== undefined && !/^[\x21-\x7e]*$/.test(token)) throw new RemoteFailure('denied', `the token for ${url.host} has characters that a header cannot have`); // prettier-ignore
  return { range, 'accept-encoding': 'identity', ...(token && { authorization: `Bearer ${token}` }) };
}

async function takeBody({ body }: Response, length: number): Promise<Uint8Array> {
  try {
    return await joinPieces((body ?? []) as AsyncIterable<Uint8Array>, length);
  } catch (error) {
    if (error instanceof RemoteFailure) throw error;
    throw new RemoteFailure('passing', `the connection broke (${causeOf(error)})`, { cause: error });
  }
}

/** The size of the whole file in a `content-range` such as `bytes 0-0/1234`, or in that of an error, which has a star for the bytes. */
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
