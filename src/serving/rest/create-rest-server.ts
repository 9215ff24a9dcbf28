import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

import { bearerToken, type TokenCheck } from '../bearer-token.js';
import type { RequestEvent, RequestSubject } from '../request-event.js';
import type { ServerTls } from '../server-tls.js';
import { ServingError } from '../serving-error.js';
import { ByteBudget } from './byte-budget.js';
import { drainServer } from './drain-server.js';
import { findRoute } from './find-route.js';
import { httpStatusOf } from './http-status.js';
import { listen } from './listen.js';
import { type BodyLimits, readBody } from './read-body.js';
import { json, type RestAnswer, type Route } from './rest-call.js';

export interface RestServerOptions {
  /** The largest body, in bytes, before and after it is inflated. Default: 64 MiB. */
  readonly maxBodyBytes?: number;
  /** How much memory the bodies of all requests may take together, in bytes. Default: 512 MiB. */
  readonly maxBufferedBytes?: number;
  /** After which a request is answered 504, in milliseconds. Default: 30,000, TensorFlow Serving's. */
  readonly timeoutMilliseconds?: number;
  /** Connections that are open at once. Default: 10,000. */
  readonly maxConnections?: number;
  /** Requests need `Authorization: Bearer TOKEN`, but for health checks and the page itself. Default: none is asked for. */
  readonly token?: string;
  /** Default: no TLS. */
  readonly tls?: ServerTls;
  /** How long `drain` waits for requests that are in flight, in milliseconds. Default: 30 seconds. */
  readonly drainMilliseconds?: number;
  /** Hears of every request that has been answered, but for health checks and the page itself. */
  readonly onRequest?: (event: RequestEvent) => void;
  /** Hears of failures that are the server's own; the client is told no more than that. Default: `console.error`. */
  readonly onError?: (error: unknown) => void;
}

export interface RestServer {
  /**
   * @param port 0 takes any that is free.
   * @returns The port. @throws SignetError `INVALID_ARGUMENT` when nothing can listen there.
   */
  start(host: string, port: number): Promise<number>;
  /** Takes no more connections, answers what comes over those that are open, and settles when they are closed. */
  drain(): Promise<void>;
}

/** How long clients may take to send a request's head and all of it, and to take an answer's next bytes, in milliseconds. */
const timeouts = { headersTimeout: 10_000, requestTimeout: 120_000, keepAliveTimeout: 75_000 };
const answerTimeout = 120_000;

/** Answers the routes over HTTP. */
export function createRestServer(routes: readonly Route[], options: RestServerOptions = {}): RestServer {
  const { tls, maxConnections = 10_000, drainMilliseconds = 30_000 } = options;
  const common = { ...timeouts, connectionsCheckingInterval: 5000 };
  const server = tls
    ? createTlsServer({
        ...common,
        ...{ cert: tls.certificate, key: tls.key, ca: tls.clientRoots, requestCert: tls.clientRoots !== undefined },
      })
    : createServer(common);
  server.timeout = answerTimeout;
  server.maxConnections = maxConnections;
  let isDraining = false;
  const answerer = new Answerer(routes, options, () => isDraining);
  server.on('request', (request, response) => void answerer.answer(request, response));
  // A body that will be refused by its size need not be sent.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (answerer.takesBodyOf(request)) response.writeContinue();
    void answerer.answer(request, response);
  });
  server.on('clientError', answerClientError);
  let drained: Promise<void> | undefined;
  return {
    start: (host, port) => listen(server, host, port),
    drain: () => {
      isDraining = true;
      return (drained ??= drainServer(server, drainMilliseconds));
    },
  };
}

class Answerer {
  readonly #limits: BodyLimits;
  readonly #timeout: number;
  readonly #hasToken: TokenCheck;
  readonly #onRequest;
  readonly #onError;

  constructor(
    private readonly routes: readonly Route[],
    options: RestServerOptions,
    private readonly isDraining: () => boolean,
  ) {
    const { maxBodyBytes = 64 * 2 ** 20, maxBufferedBytes = 512 * 2 ** 20, token } = options;
    this.#limits = { maxBytes: maxBodyBytes, budget: new ByteBudget(maxBufferedBytes) };
    this.#timeout = options.timeoutMilliseconds ?? 30_000;
    this.#hasToken = token === undefined ? () => true : bearerToken(token);
    this.#onRequest = options.onRequest ?? (() => undefined);
    this.#onError = options.onError ?? console.error;
  }

  takesBodyOf(request: IncomingMessage): boolean {
    return Number(request.headers['content-length'] ?? 0) <= this.#limits.maxBytes;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = new Exchange(request, response, this.#limits, Date.now() + this.#timeout);
    let status: RequestEvent['status'] = 'OK';
    let answer: RestAnswer;
    try {
      answer = await this.#run(exchange);
    } catch (error) {
      const told = this.#asServingError(error, exchange);
      status = told.status;
      answer = errorAnswer(told);
    }
    if (this.isDraining()) response.setHeader('Connection', 'close');
    exchange.send(answer);
    if (exchange.isQuiet && status === 'OK') return;
    this.#onRequest(exchange.event(status, answer));
  }

  async #run(exchange: Exchange): Promise<RestAnswer> {
    const { request, path, query, method } = exchange;
    const { route, parts } = findRoute(this.routes, method, path);
    exchange.begin(route);
    if (!route.isOpen && !this.#hasToken(request.headers.authorization)) {
      throw new ServingError('UNAUTHENTICATED', 'Send the header "Authorization: Bearer TOKEN".');
    }
    const { signal, deadline } = exchange;
    return route.handle({
      ...{ method, path, query, parts, signal, deadline },
      headers: request.headers,
      body: () => exchange.readBody(),
      isAbout: (more) => exchange.isAbout(more),
    });
  }

  #asServingError(error: unknown, { signal }: Exchange): ServingError {
    if (error instanceof ServingError) return error;
    if (!signal.aborted) this.#onError(error);
    return new ServingError('INTERNAL', 'The server failed to answer; its log says why.');
  }
}

/** One request and its answer. */
class Exchange {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly method: string;
  readonly #started = performance.now();
  readonly #gone = new AbortController();
  #route: Route | undefined;
  #subject: RequestSubject = {};
  #sentBytes = 0;
  #release: () => void = () => undefined;

  constructor(
    readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly limits: BodyLimits,
    readonly deadline: number,
  ) {
    const [path = '', query = ''] = (request.url ?? '').split(/\?(.*)/s);
    this.path = path;
    this.query = new URLSearchParams(query);
    this.method = request.method ?? '';
    response.on('close', () => {
      this.#release();
      if (!response.writableFinished) this.#gone.abort();
    });
    response.on('error', () => undefined);
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  get isQuiet(): boolean {
    return this.#route?.isQuiet ?? false;
  }

  begin(route: Route): void {
    this.#route = route;
  }

  isAbout(more: RequestSubject): void {
    this.#subject = { ...this.#subject, ...more };
  }

  async readBody(): Promise<Buffer> {
    const { bytes, sentBytes, release } = await readBody(this.request, this.limits);
    this.#sentBytes = sentBytes;
    this.#release = release;
    return bytes;
  }

  send({ status = 200, type = 'application/json', headers, body }: RestAnswer): void {
    const { response } = this;
    if (response.destroyed) return;
    response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), ...headers });
    response.end(this.method === 'HEAD' ? undefined : body);
  }

  event(status: RequestEvent['status'], { status: httpStatus = 200, body }: RestAnswer): RequestEvent {
    return {
      ...{ api: 'rest', method: this.#route?.name ?? 'Unknown', model: '', ...this.#subject, status, httpStatus },
      milliseconds: performance.now() - this.#started,
      requestBytes: this.#sentBytes,
      responseBytes: Buffer.byteLength(body),
    };
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

/** What Node.js could not read as HTTP. */
function answerClientError(error: NodeJS.ErrnoException, socket: import('node:stream').Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message] = clientErrors[error.code ?? ''] ?? ['400 Bad Request', 'The request is no HTTP.'];
  const body = JSON.stringify({ error: message });
  const head = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  socket.end(`${head}${body}`, () => socket.destroy());
}

const clientErrors: Readonly<Record<string, readonly [status: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers are larger than 16 KiB.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time.'],
};
