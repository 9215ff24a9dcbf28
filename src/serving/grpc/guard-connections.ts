import { constants, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';

import type { Server } from '@grpc/grpc-js';

import type { Arrival, ArrivalWatch } from '../limits/arrival-watch.js';
import type { ConnectionLimit } from '../limits/connection-limit.js';
import type { MemoryBudget, MemoryClaim } from '../limits/memory-budget.js';

/** What clients of gRPC may hold. */
export interface GrpcGuard {
  readonly budget: MemoryBudget;
  readonly arrivals: ArrivalWatch;
  readonly connections: ConnectionLimit;
}

/** How long a connection may take to speak HTTP/2, TLS included, in milliseconds. */
const handshakeMilliseconds = 10_000;

/**
 * Counts connections and the bytes of messages while they arrive, which grpc-js does not: it collects a message before anybody
 * hears of it. So this listens to the HTTP/2 servers under it.
 *
 * A stream that takes more than there is is reset with ENHANCE_YOUR_CALM, which clients of gRPC read as RESOURCE_EXHAUSTED; a
 * slow one with CANCEL.
 */
export function guardConnections(server: Server, guard: GrpcGuard): void {
  for (const http2Server of http2ServersOf(server)) {
    const open = new Map<string, Connection>();
    // Before the server's own listener, which begins the session at once where there is no TLS.
    http2Server.prependListener('connection', (socket: Socket) => {
      const key = keyOf(socket);
      const connection = new Connection(socket);
      open.set(key, connection);
      socket.once('close', () => open.delete(key));
      guard.connections.admit(socket, () => connection.streams === 0);
    });
    http2Server.on('session', (session: ServerHttp2Session) => open.get(keyOf(session.socket))?.begin(session));
    http2Server.on('stream', (stream: ServerHttp2Stream) => guardStream(stream, guard));
  }
}

/** The field is private; without it, there would be no way to the servers that `bindAsync` has made. */
function http2ServersOf(server: Server): Http2Server[] {
  const { http2Servers } = server as unknown as { http2Servers: ReadonlyMap<Http2Server, unknown> };
  return [...http2Servers.keys()];
}

/** A connection that has not spoken HTTP/2 yet, or one that has. */
class Connection {
  streams = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(readonly socket: Socket) {
    this.#timer = setTimeout(() => socket.destroy(), handshakeMilliseconds).unref();
    socket.once('close', () => clearTimeout(this.#timer));
  }

  begin(session: ServerHttp2Session): void {
    session.once('remoteSettings', () => clearTimeout(this.#timer));
    session.on('stream', (stream: ServerHttp2Stream) => {
      this.streams += 1;
      stream.once('close', () => (this.streams -= 1));
    });
  }
}

/** With TLS, a session has another object for the same connection. */
function keyOf({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress} ${remotePort}`;
}

const claims = new WeakMap<object, MemoryClaim>();

function guardStream(stream: ServerHttp2Stream, { budget, arrivals }: GrpcGuard): void {
  const claim = budget.open(stream.session?.socket.remoteAddress);
  claims.set(stream, claim);
  let received = 0;
  const arrival: Arrival = { received: () => received, onLate: () => stream.close(constants.NGHTTP2_CANCEL) };
  arrivals.add(arrival);
  const count = (chunk: Buffer) => {
    received += chunk.length;
    try {
      claim.take(chunk.length);
    } catch {
      // What is still on its way is dropped by grpc-js.
      stream.off('data', count);
      claim.release();
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  };
  stream.on('data', count);
  stream.once('end', () => arrivals.delete(arrival));
  stream.once('close', () => {
    arrivals.delete(arrival);
    claim.release();
  });
}

/** The account of a call. @param call As grpc-js hands it to a method. */
export function claimOf(call: object, budget: MemoryBudget): MemoryClaim {
  // ServerUnaryCall > the intercepted call > ... > the one that has the stream.
  let inner = call as { call?: object; nextCall?: object; stream?: object } | undefined;
  while (inner && !inner.stream) inner = inner.call ?? inner.nextCall;
  return (inner?.stream && claims.get(inner.stream)) ?? budget.open();
}
