import type { Server } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/** How long a connection that says nothing is kept for a request that may be on its way, in milliseconds. */
const quietMilliseconds = 1000;

/**
 * Lets a server, which does not listen yet, end without cutting a request off: connections are closed by the answers to their
 * next requests, or when nothing has come for a while.
 *
 * `http.Server.close` would close those that are between two requests at once, and with them a request that their client has
 * just sent; and it would wait for those that have not sent any.
 *
 * @param milliseconds After which all connections are closed, whatever happens on them.
 * @returns What ends it; settles when that is done.
 */
export function drainable(server: Server, milliseconds: number): () => Promise<void> {
  const all = connectionsOf(server, 'connection');
  const speaking = server instanceof TlsServer ? connectionsOf(server, 'secureConnection') : all;
  const closeQuiet = () => {
    server.closeIdleConnections();
    // Browsers open connections before they know for what.
    for (const socket of speaking) if (socket.bytesRead === 0) socket.destroy();
  };
  const closeAll = () => {
    for (const socket of all) socket.destroy();
  };
  return () =>
    new Promise((resolve) => {
      const quiet = setInterval(closeQuiet, quietMilliseconds);
      const last = setTimeout(closeAll, milliseconds);
      NetServer.prototype.close.call(server, () => {
        clearInterval(quiet);
        clearTimeout(last);
        resolve();
      });
    });
}

/** With TLS, `connection` tells of sockets before they shake hands, `secureConnection` of those that speak HTTP then. */
function connectionsOf(server: Server, event: 'connection' | 'secureConnection'): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on(event, (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}
