import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { type ServerTls, type TokenCheck, bearerToken } from '../server-credentials.js';
import type { RequestEvent } from '../request-event.js';
import { ServingError } from '../serving-error.js';
import { connectionKey } from '../limits/connection-key.js';
import { ConnectionLimit, type ConnectionState } from '../limits/connection-limit.js';
import { type ArrivalRate, ArrivalWatch } from '../limits/arrival-watch.js';
import { MemoryBudget } from '../limits/memory-budget.js';
import { Pace } from '../limits/pace.js';
import { Turns } from '../limits/turns.js';
import { answerClientError, endWithError } from './answer-client-error.js';
import { checkOrigin } from './check-origin.js';
import type { Cors } from './cors.js';
import { drainable } from './drain-server.js';
import { Exchange, type ExchangeLimits } from './exchange.js';
import { findRoute } from './find-route.js';
import { httpStatusOf } from './http-status.js';
import { listen, listenOnSocket } from './listen.js';
import type { Tracing } from '../telemetry/tracing.js';
import { isLargeAnswer } from '../writer/large-answer.js';
import { json, type RestAnswer, type Route } from './rest-call.js';
import { tellFailure } from '../../text/tell.js';

export interface RestServerOptions {
  /** The largest body, in bytes, before and after it is inflated. Default: 64 MiB. */
  readonly maxBodyBytes?: number;
  /** Memory that all requests may take together. Default: 448 MiB, or seven of the largest bodies, for this server only. */
  readonly budget?: MemoryBudget | undefined;
  /** Shared with everything else that computes for requests. Default: its own. */
  readonly turns?: Turns | undefined;
  /** Minimum speed at which bodies must arrive. Default: see ArrivalRate. */
  readonly arrivalRate?: ArrivalRate | undefined;
  /** Time that models have for a request that has fully arrived, in milliseconds. Default: 30,000, TensorFlow Serving's. */
  readonly timeoutMilliseconds?: number;
  /** Default: see ClientTimeouts. */
  readonly clientTimeouts?: ClientTimeouts;
  /** Limit of connections that are open at once. Default: see ConnectionLimit; for this server only. */
  readonly connections?: ConnectionLimit | undefined;
  /** Requests need `Authorization: Bearer TOKEN`, except for health checks and the page itself. Default: no token is needed. */
  readonly token?: string;
  /** Whether to refuse pages of other sites: see `checkOrigin`. Default: they are not checked. */
  readonly isBrowserGuarded?: boolean | undefined;
  /** Host names under which browsers may call the server, in addition to this machine's own. Default: none. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Pages of other origins that may use the server. Default: none. */
  readonly cors?: Cors | undefined;
  /** Default: requests are not traced. */
  readonly tracing?: Tracing | undefined;
  /** Default: no TLS. */
  readonly tls?: ServerTls;
  /** Time that `drain` waits for requests in flight, in milliseconds. Default: 30 seconds. */
  readonly drainMilliseconds?: number;
  /** Called with every request that has been answered, except health checks and those for the page itself. */
  readonly onRequest?: (event: RequestEvent) => void;
  /** Receives failures that are the server's own; clients only see that there was one. Default: they are written to standard error. */
  readonly onError?: (error: unknown) => void;
}

export interface RestServer {
  /**
   * @param port 0 for any free port.
   * @returns The port. @throws SignetError `INVALID_ARGUMENT` when nothing can listen there.
   */
  start(host: string, port: number): Promise<number>;
  /**
   * Listens on a UNIX socket too, without TLS: the file system decides who may open the file.
   *
   * @throws SignetError `INVALID_ARGUMENT` when nothing can listen there.
   */
  startOnSocket(path: string): Promise<void>;
  /** Accepts no more connections, answers requests on open ones, and resolves when these are closed. */
  drain(): Promise<void>;
}

/** Times that clients may keep the server waiting, in milliseconds. */
export interface ClientTimeouts {
  /** For the head of a request. Default: 10,000. */
  readonly head?: number;
  /** For all of a request; then it is answered 408. Default: 120,000. */
  readonly request?: number;
  /** Between two requests. Default: 75,000. */
  readonly idle?: number;
  /** Without receiving anything of an answer. Default: 120,000. */
  readonly answer?: number;
}

/** Answers the routes over HTTP. */
export function createRestServer(routes: readonly Route[], options: RestServerOptions = {}): RestServer {
  const { drainMilliseconds = 30_000, connections = new ConnectionLimit(), turns = new Turns() } = options;
  let isDraining = false;
  const answerer = new Answerer(routes, { ...options, turns }, () => isDraining);
  const makeServer = (tls: ServerTls | undefined, isOfNetwork: boolean) => {
    const server = createHttpServer({ ...options, tls });
    answerRequests(server, answerer, isOfNetwork);
    limitConnections(server, connections, answerer, turns);
    return { server, drain: drainable(server, drainMilliseconds) };
  };
  const main = makeServer(options.tls, true);
  const servers = [main];
  let drained: Promise<unknown> | undefined;
  return {
    start: (host, port) => listen(main.server, host, port),
    startOnSocket: async (path) => {
      const made = makeServer(undefined, false);
      await listenOnSocket(made.server, path);
      servers.push(made);
    },
    drain: async () => {
      isDraining = true;
      await (drained ??= Promise.all(servers.map(({ drain }) => drain())));
    },
  };
}

/** @param isOfNetwork Whether browsers can reach the server; they cannot reach a UNIX socket. */
function answerRequests(server: Server, answerer: Answerer, isOfNetwork: boolean): void {
  server.on('request', (request, response) => void answerer.answer(request, response, isOfNetwork));
  // A body that will be refused because of its size need not be sent.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (answerer.takesBodyOf(request)) response.writeContinue();
    void answerer.answer(request, response, isOfNetwork);
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    void answerer.answer(request, response, isOfNetwork);
  });
  server.on('connect', (_, socket) => endWithError(socket, '405 Method Not Allowed', 'This server is not a proxy.'));
  server.on('clientError', (error, socket) => answerer.afterAnswersOf(socket, () => answerClientError(error, socket)));
}

function createHttpServer(options: Omit<RestServerOptions, 'tls'> & { readonly tls: ServerTls | undefined }): Server {
  const { tls, timeoutMilliseconds = 30_000, clientTimeouts = {} } = options;
  const { head = 10_000, request = 120_000, idle = 75_000, answer = 120_000 } = clientTimeouts;
  const common = {
    headersTimeout: Math.min(head, request),
    requestTimeout: request,
    keepAliveTimeout: idle,
    connectionsCheckingInterval: Math.ceil(Math.min(head, request, 10_000) / 2),
    // As in TensorFlow Serving, whose clients need not name the host.
    requireHostHeader: false,
  };
  const server = tls
    ? createTlsServer({
        ...common,
        cert: tls.certificate,
        key: tls.key,
        ca: tls.clientRoots,
        requestCert: tls.clientRoots !== undefined,
        handshakeTimeout: Math.min(head, request),
      })
    : createServer(common);
  // Nothing is written either while a model computes.
  server.timeout = Math.min(answer + timeoutMilliseconds, 2 ** 31 - 1);
  return server;
}

/** With TLS, requests come over a different object for the same connection. */
function limitConnections(server: Server, connections: ConnectionLimit, answerer: Answerer, turns: Turns): void {
  const speaking = new Map<string, Socket>();
  server.on('connection', (socket: Socket) => {
    const key = connectionKey(socket);
    speaking.set(key, socket);
    socket.once('close', () => speaking.delete(key));
    connections.admit(socket, () => answerer.stateOf(speaking.get(key) ?? socket));
    turns.shorten();
  });
  server.on('secureConnection', (socket: Socket) => speaking.set(connectionKey(socket), socket));
}

/** Maximum number of requests that a connection may send before the first is answered. */
const mostUnanswered = 100;

class Answerer {
  readonly #limits: ExchangeLimits;
  readonly #hasToken: TokenCheck;
  readonly #allowedHosts: readonly string[] | undefined;
  readonly #cors: Cors | undefined;
  readonly #tracing: Tracing | undefined;
  readonly #onRequest;
  readonly #onError;
  /** Numbers of requests of connections that have not been answered. */
  readonly #unanswered = new WeakMap<Duplex, number>();
  /** The last request of a connection. */
  readonly #latest = new WeakMap<Duplex, Exchange>();

  constructor(
    private readonly routes: readonly Route[],
    options: RestServerOptions,
    private readonly isDraining: () => boolean,
  ) {
    const { maxBodyBytes = 64 * 2 ** 20, timeoutMilliseconds = 30_000, token } = options;
    const { budget = MemoryBudget.forRequestsOf(maxBodyBytes), arrivalRate } = options;
    const { turns = new Turns() } = options;
    const arrivals = new ArrivalWatch(arrivalRate);
    this.#limits = { maxBytes: maxBodyBytes, budget, arrivals, pace: new Pace(), turns, timeoutMilliseconds };
    this.#hasToken = token === undefined ? () => true : bearerToken(token);
    this.#allowedHosts = options.isBrowserGuarded ? (options.allowedHosts ?? []) : undefined;
    this.#cors = options.cors;
    this.#tracing = options.tracing;
    this.#onRequest = options.onRequest ?? (() => undefined);
    this.#onError = options.onError ?? tellFailure;
  }

  takesBodyOf(request: IncomingMessage): boolean {
    return Number(request.headers['content-length'] ?? 0) <= this.#limits.maxBytes;
  }

  /** The state of a connection. */
  stateOf(socket: Duplex): ConnectionState {
    const { request, response } = this.#latest.get(socket) ?? {};
    if (!request || !response || response.closed) return 'idle';
    return request.complete ? 'busy' : 'arriving';
  }

  /** Runs something after the requests that have fully arrived over a connection have been answered. */
  afterAnswersOf(socket: Duplex, run: () => void): void {
    const { request, response } = this.#latest.get(socket) ?? {};
    if (request?.complete && response && !response.closed) response.once('close', run);
    else run();
  }

  async answer(request: IncomingMessage, response: ServerResponse, isOfNetwork: boolean): Promise<void> {
    if (!this.#admits(request, response)) return;
    const exchange = new Exchange(request, response, this.#limits);
    this.#latest.set(request.socket, exchange);
    let status: RequestEvent['status'] = 'OK';
    let answer: RestAnswer | undefined;
    const span = this.#tracing?.beginRest(request);
    try {
      const run = () => this.#run(exchange, isOfNetwork);
      answer = await (span ? span.run(run) : run());
      // Held until the client has received the answer; health checks are answered even if no memory is left.
      if (!exchange.isQuiet) exchange.claim.exchange(answer.body.length);
    } catch (error) {
      if (isLargeAnswer(answer?.body)) answer.body.close();
      const told = this.#asServingError(error, exchange);
      status = told.status;
      answer = errorAnswer(told);
    }
    if (this.isDraining()) response.setHeader('Connection', 'close');
    for (const [name, value] of Object.entries(this.#cors?.headersFor(request) ?? {})) response.setHeader(name, value);
    exchange.send(answer);
    if (exchange.isQuiet && status === 'OK') return;
    const event = exchange.event(status, answer);
    span?.end(event, exchange.routeTemplate);
    this.#tell(event);
  }

  /** Counts a connection's requests; a connection that sends many without waiting for answers is closed, since all others would have to wait. */
  #admits({ socket }: IncomingMessage, response: ServerResponse): boolean {
    if (socket.destroyed) return false;
    const count = (this.#unanswered.get(socket) ?? 0) + 1;
    if (count > mostUnanswered) {
      socket.destroy();
      return false;
    }
    this.#unanswered.set(socket, count);
    response.once('close', () => this.#unanswered.set(socket, (this.#unanswered.get(socket) ?? 1) - 1));
    return true;
  }

  async #run(exchange: Exchange, isOfNetwork: boolean): Promise<RestAnswer> {
    const { request, path, method, host } = exchange;
    if (this.#allowedHosts && isOfNetwork) checkOrigin(request, this.#allowedHosts, this.#cors, host);
    const preflight = this.#cors?.preflight(request);
    if (preflight) return preflight;
    const { route, parts } = findRoute(this.routes, method, path);
    exchange.begin(route);
    if (!route.isOpen && !this.#hasToken(request.headers.authorization)) {
      throw new ServingError('UNAUTHENTICATED', 'Send the header "Authorization: Bearer TOKEN".');
    }
    if (parts.name !== undefined) exchange.isAbout({ model: parts.name });
    // Health checks are answered before all others; a request with a body waits for its turn when the body has arrived.
    const turn = route.isOpen || route.method === 'POST' ? undefined : this.#limits.turns.take();
    if (turn) await turn;
    return route.handle({
      method,
      path,
      get query() {
        return exchange.query;
      },
      parts,
      headers: request.headers,
      signal: exchange.signal,
      get deadline() {
        return exchange.deadline;
      },
      body: () => exchange.readBody(),
      claim: exchange.claim,
      isAbout: (more) => exchange.isAbout(more),
    });
  }

  /** A failing log must not end the server. */
  #tell(event: RequestEvent): void {
    try {
      this.#onRequest(event);
    } catch (error) {
      this.#onError(error);
    }
  }

  #asServingError(error: unknown, { signal }: Exchange): ServingError {
    if (error instanceof ServingError) return error;
    if (!signal.aborted) this.#onError(error);
    return new ServingError('INTERNAL', 'The server failed to answer; its log says why.');
  }
}

function errorAnswer(error: ServingError): RestAnswer {
  const status = httpStatusOf(error);
  const headers = {
    ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }),
    ...((status === 429 || status === 503) && { 'Retry-After': '1' }),
  };
  return { ...json({ error: error.message }), status, headers };
}
