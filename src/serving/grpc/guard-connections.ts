import {
  constants,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';

import type { Server } from '@grpc/grpc-js';

import type { Arrival, ArrivalWatch } from '../limits/arrival-watch.js';
import type { ConnectionLimit, ConnectionState } from '../limits/connection-limit.js';
import type { MemoryBudget, MemoryClaim } from '../limits/memory-budget.js';
import type { Turns } from '../limits/turns.js';

/** What clients of gRPC may hold. */
export interface GrpcGuard {
  readonly budget: MemoryBudget;
  readonly arrivals: ArrivalWatch;
  readonly connections: ConnectionLimit;
  readonly turns: Turns;
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
      guard.connections.admit(socket, () => connection.state);
      guard.turns.shorten();
    });
    http2Server.on('session', (session: ServerHttp2Session) => {
      addresses.set(session, session.socket.remoteAddress);
      open.get(keyOf(session.socket))?.begin(session);
    });
    // Before grpc-js reads the headers.
    http2Server.prependListener('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      guardStream(stream, headers, guard);
    });
  }
}

/** The field is private; without it, there would be no way to the servers that `bindAsync` has made. */
function http2ServersOf(server: Server): Http2Server[] {
  const { http2Servers } = server as unknown as { http2Servers: ReadonlyMap<Http2Server, unknown> };
  return [...http2Servers.keys()];
}

/** A connection that has not spoken HTTP/2 yet, or one that has. */
class Connection {
  #streams = 0;
  /** Whose messages have come whole. */
  #whole = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(readonly socket: Socket) {
    this.#timer = setTimeout(() => socket.destroy(), handshakeMilliseconds).unref();
    socket.once('close', () => clearTimeout(this.#timer));
  }

  begin(session: ServerHttp2Session): void {
    session.once('remoteSettings', () => clearTimeout(this.#timer));
    session.on('stream', (stream: ServerHttp2Stream) => {
      this.#streams += 1;
      let isWhole = false;
      stream.once('end', () => {
        isWhole = true;
        this.#whole += 1;
      });
      stream.once('close', () => {
        this.#streams -= 1;
        if (isWhole) this.#whole -= 1;
      });
    });
  }

  get state(): ConnectionState {
    if (this.#streams === 0) return 'idle';
    return this.#whole === 0 ? 'arriving' : 'busy';
  }
}

/** With TLS, a session has another object for the same connection. */
function keyOf({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress} ${remotePort}`;
}

/** What is known of a stream besides what grpc-js makes of it. */
export interface StreamArrival {
  /** Pays for the call. */
  readonly claim: MemoryClaim;
  /** How a message that is flagged so is compressed. Default: none may be. */
  readonly encoding?: string | undefined;
}

const known = new WeakMap<object, StreamArrival>();
/** Of each session: its socket is a proxy, through which every look is slow. */
const addresses = new WeakMap<object, string | undefined>();

/** Paths of services whose methods inflate their messages themselves. */
const ownPaths = '/tensorflow.serving.';
/** Compressed messages of other services, in bytes: enough for what they are asked. */
const mostForeignBytes = 1024;

function guardStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, { budget, arrivals }: GrpcGuard): void {
  const claim = budget.open(stream.session && addresses.get(stream.session));
  const { 'grpc-encoding': encoding } = headers;
  const isForeign = !headers[':path']?.startsWith(ownPaths);
  known.set(stream, { claim, encoding: typeof encoding === 'string' && encoding !== 'identity' ? encoding : undefined });
  // grpc-js would inflate without an account: kilobytes would become gigabytes. It takes the message for plain, and the
  // method inflates it.
  if (!isForeign && encoding !== undefined) delete headers['grpc-encoding'];
  let received = 0;
  const arrival: Arrival = { received: () => received, onLate: () => stream.close(constants.NGHTTP2_CANCEL) };
  arrivals.add(arrival);
  const count = (chunk: Buffer) => {
    received += chunk.length;
    try {
      claim.take(chunk.length);
      if (!isForeign || encoding === undefined || received <= mostForeignBytes) return;
    } catch {
      // Below, as what is too much to be inflated.
    }
    // What is still on its way is dropped by grpc-js.
    stream.off('data', count);
    claim.close();
    stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };
  stream.on('data', count);
  stream.once('end', () => arrivals.delete(arrival));
  stream.once('close', () => {
    arrivals.delete(arrival);
    claim.close();
  });
} // prettier-ignore

/** What is known of a call's stream. @param call As grpc-js hands it to a method. */
export function arrivalOf(call: object, budget: MemoryBudget): StreamArrival {
  // ServerUnaryCall > the intercepted call > ... > the one that has the stream.
  let inner = call as { call?: object; nextCall?: object; stream?: object } | undefined;
  while (inner && !inner.stream) inner = inner.call ?? inner.nextCall;
  return (inner?.stream && known.get(inner.stream)) ?? { claim: budget.open() };
}
