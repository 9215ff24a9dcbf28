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
import { connectionKey } from '../limits/connection-key.js';
import type { ConnectionLimit, ConnectionState } from '../limits/connection-limit.js';
import type { MemoryBudget, MemoryClaim } from '../limits/memory-budget.js';
import { isCrumbled } from '../limits/received-body.js';
import type { Turns } from '../limits/turns.js';
import type { LargeAnswer } from '../writer/large-answer.js';
import { type AnsweringStream, type LargeMessage, receiveLarge, sendLarge } from './large-messages.js';

/** Limits for clients of gRPC. */
export interface GrpcGuard {
  readonly budget: MemoryBudget;
  readonly arrivals: ArrivalWatch;
  readonly connections: ConnectionLimit;
  readonly turns: Turns;
  /** The largest message, in bytes. */
  readonly mostMessageBytes: number;
  /** How long a connection may take to speak HTTP/2, TLS included, in milliseconds. */
  readonly handshakeMilliseconds: number;
  /** How long a client may take to receive an answer, in milliseconds, plus one millisecond per 16 bytes of it. */
  readonly answerMilliseconds: number;
}

/**
 * Counts connections and the bytes of messages while they arrive. grpc-js only reports a message once it is complete, so this listens to the HTTP/2
 * servers that grpc-js uses.
 *
 * A stream that needs more memory than is left is reset with ENHANCE_YOUR_CALM, which clients of gRPC read as RESOURCE_EXHAUSTED; a slow one with
 * CANCEL.
 *
 * @returns A function that cuts off all connections, which grpc-js itself does only while it counts calls for channelz.
 */
export function guardConnections(server: Server, guard: GrpcGuard): () => void {
  // By key: with TLS, a session has another object for the same connection.
  const open = new Map<string, Connection>();
  for (const http2Server of http2ServersOf(server)) {
    // Called before the server's own listener, which starts the session at once if there is no TLS.
    http2Server.prependListener('connection', (socket: Socket) => {
      const key = connectionKey(socket);
      const connection = new Connection(socket, guard.handshakeMilliseconds);
      open.set(key, connection);
      socket.once('close', () => open.delete(key));
      guard.connections.admit(socket, () => connection.state);
      guard.turns.shorten();
    });
    http2Server.on('session', (session: ServerHttp2Session) => {
      const connection = open.get(connectionKey(session.socket));
      if (!connection) return;
      connections.set(session, connection);
      session.once('remoteSettings', () => connection.speaks());
    });
    const { answerMilliseconds } = guard;
    const endUnread = () => open.forEach((connection) => connection.endUnread(answerMilliseconds));
    const sweep = setInterval(endUnread, Math.min(sweepMilliseconds, answerMilliseconds)).unref();
    http2Server.once('close', () => clearInterval(sweep));
    // Called before grpc-js reads the headers.
    const guardNext = (
      stream: ServerHttp2Stream,
      headers: IncomingHttpHeaders,
      _flags: number,
      raw: readonly string[],
    ) => guardStream(stream, headers, raw, guard);
    http2Server.prependListener('stream', guardNext);
  }
  return () => open.forEach(({ socket }) => socket.destroy());
}

/** The field is private, but there is no other way to the servers that `bindAsync` has made. */
function http2ServersOf(server: Server): Http2Server[] {
  const { http2Servers } = server as unknown as { http2Servers: ReadonlyMap<Http2Server, unknown> };
  return [...http2Servers.keys()];
}

/** Milliseconds between checks for answers that clients do not receive. */
const sweepMilliseconds = 5000;
/** Minimum number of bytes of an answer that a client receives in a millisecond. */
const answerRate = 16;

/** Maximum number of streams of a connection in one turn of the event loop: those that may be open at once, and some that end while others begin. */
const mostStreamsPerTurn = 128;
/** Maximum number of streams of a connection whose headers are too large, each of which takes milliseconds. */
const mostRefused = 3;

/** A connection that has not spoken HTTP/2 yet, or one that has. */
class Connection {
  /** Streams that are open now. */
  readonly streams = new Set<AnsweringStream>();
  /** Time since when each of them has an answer that was not received, in milliseconds. */
  readonly #unread = new WeakMap<ServerHttp2Stream, number>();
  readonly address: string | undefined;
  #opened = 0;
  #refused = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(
    readonly socket: Socket,
    handshakeMilliseconds: number,
  ) {
    this.address = socket.remoteAddress;
    this.#timer = setTimeout(() => socket.destroy(), handshakeMilliseconds).unref();
    socket.once('close', () => clearTimeout(this.#timer));
  }

  speaks(): void {
    clearTimeout(this.#timer);
  }

  /** Counts a new stream. @returns Whether it may begin: streams that are reset immediately are not open at the same time. */
  mayBegin(): boolean {
    if (this.#opened === 0) setImmediate(() => (this.#opened = 0));
    this.#opened += 1;
    return this.#opened <= mostStreamsPerTurn;
  }

  /** Counts a stream that was refused for its headers. @returns Whether the connection may continue. */
  mayContinue(): boolean {
    this.#refused += 1;
    return this.#refused <= mostRefused;
  }

  /** Ends streams whose clients do not read the answer: it counts against the memory budget until then. */
  endUnread(answerMilliseconds: number): void {
    const now = performance.now();
    for (const stream of this.streams) {
      const writableLength = Math.max(stream.unsentBytes ?? 0, stream.writableLength);
      const since = this.#unread.get(stream);
      if (writableLength === 0) this.#unread.delete(stream);
      else if (since === undefined) this.#unread.set(stream, now);
      else if (now - since > answerMilliseconds + writableLength / answerRate) stream.close(constants.NGHTTP2_CANCEL);
    }
  }

  /** Checked only when the limit is reached. */
  get state(): ConnectionState {
    if (this.streams.size === 0) return 'idle';
    for (const stream of this.streams) if (stream.readableEnded) return 'busy';
    return 'arriving';
  }
}

/** Facts about a stream that grpc-js does not keep. */
export interface StreamArrival {
  /** Accounts for the call's memory. */
  readonly claim: MemoryClaim;
  /** Compression of messages that are flagged as compressed. Default: none may be. */
  readonly encoding?: string | undefined;
  /** The message if it is large; then grpc-js gets an empty one. */
  message?: LargeMessage;
  /** Sends an answer in place of the empty message that grpc-js writes next. Default: grpc-js sends all answers. */
  readonly sendLarge?: (answer: LargeAnswer) => void;
}

/** The connections of sessions, whose sockets are proxies: every access through one is slow. */
const connections = new WeakMap<object, Connection>();
/** Key of these facts in a stream: a WeakMap with an entry per call would cost the garbage collector more than the call. */
const arrivalKey = Symbol('arrival');

/** A stream with these facts, until it is closed. */
type GuardedStream = AnsweringStream & { [arrivalKey]?: StreamArrival | undefined };

/** Paths of services whose methods inflate their messages themselves. */
const ownPaths = /^\/(?:tensorflow\.serving|inference)\./;
/** Maximum size of compressed messages of other services, in bytes: enough for their requests. */
const mostForeignBytes = 1024;

/** Approximate overhead of a piece, in bytes, until grpc-js has the whole message: clients may send one byte at a time. */
const pieceBytes = 128;

/** Headers up to this size, in bytes, are not counted. Larger ones may take 64 KiB of memory each and be sent as a one-byte reference. */
const ordinaryHeaderBytes = 2048;
/** The largest headers, in bytes: twice what clients of gRPC take themselves. */
const mostHeaderBytes = 2 ** 14;
const keptHeaders = /^(?::.*|content-type|te)$/;

/** Adds as few listeners as possible, since this is part of every call. */
function guardStream(
  stream: GuardedStream,
  headers: IncomingHttpHeaders,
  raw: readonly string[],
  { budget, arrivals, mostMessageBytes }: GrpcGuard,
): void {
  const connection = stream.session ? connections.get(stream.session) : undefined;
  if (connection?.mayBegin() === false) cutOff(stream);
  const { 'grpc-encoding': encoding } = headers;
  const isForeign = !ownPaths.test(headers[':path'] ?? '');
  const isPlain = encoding === undefined || encoding === 'identity';
  const most = isForeign && encoding !== undefined ? mostForeignBytes : Infinity;
  const claim = budget.open(connection?.address);
  const arriving = new ArrivingStream(stream, claim, isPlain ? undefined : String(encoding), most);
  stream[arrivalKey] = arriving;
  arrivals.add(arriving);
  connection?.streams.add(stream);
  if (isForeign) stream.on('data', (chunk: Buffer) => arriving.count(chunk));
  else receiveLarge(stream, arriving, mostMessageBytes);
  // grpc-js would inflate without accounting for memory: kilobytes could become gigabytes. So it is made to treat the message as uncompressed, and
  // the method inflates it.
  if (!isForeign && encoding !== undefined) delete headers['grpc-encoding'];
  stream.on('close', () => {
    connection?.streams.delete(stream);
    arrivals.delete(arriving);
    claim.close();
    forget(stream);
  });
  let headerBytes = 0;
  for (const { length } of raw) headerBytes += length;
  if (headerBytes <= ordinaryHeaderBytes) return;
  if (headerBytes <= mostHeaderBytes && claim.tryTake(headerBytes)) return;
  arriving.refuse();
  if (headerBytes > mostHeaderBytes && connection?.mayContinue() === false) cutOff(stream);
  // So that grpc-js need not parse them.
  for (const name of Object.keys(headers)) if (!keptHeaders.test(name)) Reflect.deleteProperty(headers, name);
}

/**
 * Releases most of what a closed stream holds of its call. V8 keeps a stream, which belongs to an object of C++, until it collects all of the heap,
 * and would copy everything that the call has made along with it: about two milliseconds for 120 calls.
 */
function forget(stream: GuardedStream): void {
  stream[arrivalKey] = undefined;
  stream.removeAllListeners();
  stream.on('error', ignore);
}

/** Without a listener, an error ends the process. */
function ignore(): void {
  // Nobody is waiting for the stream any more.
}

function cutOff({ session }: ServerHttp2Stream): void {
  session?.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
}

/** A message that arrives over a stream: counted, accounted for and watched. */
class ArrivingStream implements StreamArrival, Arrival {
  message?: LargeMessage;
  #received = 0;
  #pieces = 0;
  #isRefused = false;

  /** @param most Maximum number of bytes. */
  constructor(
    private readonly stream: AnsweringStream,
    readonly claim: MemoryClaim,
    readonly encoding: string | undefined,
    private readonly most: number,
  ) {}

  received(): number {
    return this.#received;
  }

  isWhole(): boolean {
    return this.stream.readableEnded;
  }

  onLate(): void {
    this.stream.close(constants.NGHTTP2_CANCEL);
  }

  sendLarge(answer: LargeAnswer): void {
    sendLarge(this.stream, answer);
  }

  /** @returns Whether to accept more. */
  count(chunk: Buffer): boolean {
    if (this.#isRefused) return false;
    this.#received += chunk.length;
    this.#pieces += 1;
    if (this.#received > this.most || !this.claim.tryTake(chunk.length + pieceBytes)) this.refuse();
    if (isCrumbled(this.#pieces, this.#received)) this.stream.session?.destroy();
    return !this.#isRefused;
  }

  refuse(): void {
    this.#isRefused = true;
    this.claim.close();
    // grpc-js drops what is still on its way.
    this.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

/** Returns what is known about a call's stream. @param call As grpc-js passes it to a method. */
export function arrivalOf(call: object, budget: MemoryBudget): StreamArrival {
  // ServerUnaryCall > the intercepted call > ... > the one that has the stream.
  let inner = call as { call?: object; nextCall?: object; stream?: GuardedStream } | undefined;
  while (inner && !inner.stream) inner = inner.call ?? inner.nextCall;
  return inner?.stream?.[arrivalKey] ?? { claim: budget.open() };
}
