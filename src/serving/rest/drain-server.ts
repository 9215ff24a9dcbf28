import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';

/** How long a connection that says nothing is kept for a request that may be on its way, in milliseconds. */
const quietMilliseconds = 1000;

/**
 * Ends a server without cutting a request off: connections are closed by the answers to their next requests, or when nothing
 * has come for a while.
 *
 * `http.Server.close` would close those that are between two requests at once, and with them a request that their client has
 * just sent.
 *
 * @param milliseconds After which all connections are closed, whatever happens on them.
 */
export function drainServer(server: Server, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const quiet = setInterval(() => server.closeIdleConnections(), quietMilliseconds);
    const all = setTimeout(() => server.closeAllConnections(), milliseconds);
    NetServer.prototype.close.call(server, () => {
      clearInterval(quiet);
      clearTimeout(all);
      resolve();
    });
  });
}
