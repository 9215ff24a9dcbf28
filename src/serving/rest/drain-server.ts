import type { Server } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/** Time that a silent connection is kept open for a request that may be on its way, in milliseconds. */
const quietMilliseconds = 1000;

/**
 * Lets a server, which does not listen yet, end without cutting off a request: connections are closed by the answers to their next requests, or when
 * nothing has arrived for a while.
 *
 * `http.Server.close` would immediately close connections between two requests, together with a request that the client may have just sent, and it
 * would wait for connections that have not sent any.
 *
 * @param milliseconds Time after which all connections are closed, whatever happens on them.
 * @returns A function that ends the server, and settles when that is done.
 */
export function drainable(server: Server, milliseconds: number): () => Promise<void> {
  const all = connectionsOf(server, 'connection');
  const speaking = server instanceof TlsServer ? connectionsOf(server, 'secureConnection') : all;
  const closeQuiet = () => {
    server.closeIdleConnections();
    // Browsers open connections before they need them.
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

/** With TLS, `connection` reports sockets before the handshake, and `secureConnection` those that then speak HTTP. */
function connectionsOf(server: Server, event: 'connection' | 'secureConnection'): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on(event, (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}
