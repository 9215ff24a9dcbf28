import type { IncomingMessage } from 'node:http';

import { isLoopback } from '../../files/is-loopback.js';
import { shown } from '../limits/shown.js';
import { ServingError } from '../serving-error.js';
import type { Cors } from './cors.js';

/**
 * Refuses requests that a browser sends for a page of another site: such a page can reach even a server on 127.0.0.1, and one whose name is rebound
 * to 127.0.0.1 could read the answers.
 *
 * A client that leaves `Host` out (HTTP/1.0, TensorFlow Serving's clients) is not a browser. A link to the page may be followed from anywhere, since
 * its answer is shown to the user, not to the site.
 *
 * @param allowedHosts Host names in addition to this machine's own.
 * @param cors Pages of other origins that may use the server.
 * @param host Host that the request is for. Default: the one in its header.
 * @throws ServingError `PERMISSION_DENIED` (403).
 */
export function checkOrigin(
  { headers, method }: Pick<IncomingMessage, 'headers' | 'method'>,
  allowedHosts: readonly string[] = [],
  cors?: Pick<Cors, 'allows'>,
  host = headers.host,
): void {
  const { origin } = headers;
  if (host !== undefined && !isKnown(host, allowedHosts)) {
    refuse(`This server is not ${shown(host)}. Start it with --allowed-host NAME if it is.`);
  }
  if (cors?.allows(origin)) return;
  if (origin !== undefined && !isOwnOrigin(origin, host, allowedHosts)) {
    refuse(`Pages of ${shown(origin)} may not use this server. Start it with --cors-origin ORIGIN if they may.`);
  }
  const isLink = method === 'GET' && headers['sec-fetch-dest'] === 'document';
  if (headers['sec-fetch-site'] === 'cross-site' && origin === undefined && !isLink) {
    refuse('Pages of other sites may not use this server.');
  }
}

function isKnown(host: string, allowedHosts: readonly string[]): boolean {
  const name = nameOf(host);
  return isLoopback(name) || allowedHosts.some((allowed) => allowed.toLowerCase() === name);
}

/** Without the port, and without the brackets of IPv6. */
function nameOf(host: string): string {
  return host
    .replace(/:\d*$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
}

/** The same scheme, name and port; or a page of a host that was allowed by name. */
function isOwnOrigin(origin: string, host: string | undefined, allowedHosts: readonly string[]): boolean {
  const [scheme, of = ''] = origin.split('://');
  if (scheme !== 'http' && scheme !== 'https') return false;
  return of === host || allowedHosts.some((allowed) => allowed.toLowerCase() === nameOf(of));
}

function refuse(message: string): never {
  throw new ServingError('PERMISSION_DENIED', message);
}
