import type { IncomingMessage } from 'node:http';

import { SignetError } from '../../errors.js';
import type { RestAnswer } from './rest-call.js';

/** Headers that a page may send in addition to the always allowed ones; the last two belong to the Open Inference Protocol's binary tensors. */
const allowedHeaders =
  'Authorization, Content-Encoding, Content-Type, Inference-Header-Content-Length, Accept-Encoding';
/** Headers of an answer that a page may read. */
const exposedHeaders = 'Inference-Header-Content-Length, Retry-After, WWW-Authenticate';
/** How long a browser may remember a preflight's answer, in seconds. */
const maxAge = 600;

/**
 * Lets pages of other origins, named ones or all, use the server from a browser (Fetch Standard, "HTTP-CORS protocol").
 *
 * Credentials of the browser are not part of it: a page that knows the token sends it in a header.
 */
export class Cors {
  readonly #origins: ReadonlySet<string>;
  readonly #isAny: boolean;

  /**
   * @param origins Origins such as `https://app.example`, or `*`.
   * @throws SignetError `INVALID_ARGUMENT` for a text that is not an origin.
   */
  constructor(origins: readonly string[]) {
    for (const origin of origins) checkIsOrigin(origin);
    this.#isAny = origins.includes('*');
    this.#origins = new Set(origins.map((origin) => origin.toLowerCase()));
  }

  allows(origin: string | undefined): boolean {
    return origin !== undefined && (this.#isAny || this.#origins.has(origin.toLowerCase()));
  }

  /** Headers of every answer to a page that may read it; none for others. */
  headersFor({ headers: { origin } }: IncomingMessage): Readonly<Record<string, string>> {
    // A cached answer for one page must not be used for another.
    const vary: Readonly<Record<string, string>> = this.#isAny ? {} : { Vary: 'Origin' };
    if (origin === undefined || !this.allows(origin)) return vary;
    return {
      ...vary,
      'Access-Control-Allow-Origin': this.#isAny ? '*' : origin,
      'Access-Control-Expose-Headers': exposedHeaders,
    };
  }

  /** The answer to a browser's preflight for a page's request; null for other requests. It carries no token. */
  preflight({ method, headers }: IncomingMessage): RestAnswer | null {
    const asked = headers['access-control-request-method'];
    if (method !== 'OPTIONS' || asked === undefined || !this.allows(headers.origin)) return null;
    const isPrivate = headers['access-control-request-private-network'] === 'true';
    return {
      status: 200,
      body: '',
      headers: {
        'Access-Control-Allow-Methods': 'GET, HEAD, POST',
        'Access-Control-Allow-Headers': allowedHeaders,
        'Access-Control-Max-Age': String(maxAge),
        // The request of a page on the internet for a server in a private network, in Chromium's terms.
        ...(isPrivate && { 'Access-Control-Allow-Private-Network': 'true' }),
      },
    };
  }
}

function checkIsOrigin(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (
    text === '*' ||
    (url && /^https?:$/.test(url.protocol) && url.origin === text.toLowerCase() && !text.includes('*'))
  )
    return;
  const hint = url && /^https?:$/.test(url.protocol) && !text.includes('*') ? ` Give ${url.origin}.` : '';
  throw new SignetError(
    'INVALID_ARGUMENT',
    `--cors-origin takes an origin such as https://app.example or http://localhost:3000, or * for all. Received: ${text}.${hint}`,
  );
}
