import type { IncomingMessage, ServerResponse } from 'node:http';

import type { RequestEvent, RequestSubject } from '../request-event.js';
import { type BodyLimits, readBody } from './read-body.js';
import type { RestAnswer, Route } from './rest-call.js';

/** What a request may cost. */
export interface ExchangeLimits extends BodyLimits {
  /** How long its answer may take once all of it has come. */
  readonly timeoutMilliseconds: number;
}

/** One request and its answer. */
export class Exchange {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly method: string;
  /** Milliseconds since 1970; later for a request whose body takes long to come. */
  deadline: number;
  readonly #started = performance.now();
  readonly #gone = new AbortController();
  #route: Route | undefined;
  #subject: RequestSubject = {};
  #sentBytes = 0;
  #release: () => void = () => undefined;
  #isClosed = false;

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    private readonly limits: ExchangeLimits,
  ) {
    this.deadline = Date.now() + limits.timeoutMilliseconds;
    const [path = '', query = ''] = (request.url ?? '').split(/\?(.*)/s);
    this.path = path;
    this.query = new URLSearchParams(query);
    this.method = request.method ?? '';
    response.on('close', () => {
      this.#isClosed = true;
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
    // A body may still be inflated when its client has gone.
    if (this.#isClosed) release();
    this.deadline = Date.now() + this.limits.timeoutMilliseconds;
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
      api: 'rest',
      method: this.#route?.name ?? 'Unknown',
      model: '',
      ...this.#subject,
      status,
      httpStatus,
      milliseconds: performance.now() - this.#started,
      requestBytes: this.#sentBytes,
      responseBytes: Buffer.byteLength(body),
    };
  }
}
