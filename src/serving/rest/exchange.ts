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
  readonly method: string;
  /** Milliseconds since 1970; later for a request whose body takes long to come. */
  deadline: number;
  readonly #started = performance.now();
  /** Made when somebody asks: most requests end before their client goes. */
  #gone: AbortController | undefined;
  readonly #query: string;
  #route: Route | undefined;
  #subject: RequestSubject = {};
  #sentBytes = 0;
  #release: () => void = () => undefined;
  #isClosed = false;
  #isGone = false;

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    private readonly limits: ExchangeLimits,
  ) {
    this.deadline = Date.now() + limits.timeoutMilliseconds;
    const { url = '' } = request;
    const mark = url.indexOf('?');
    this.path = mark === -1 ? url : url.slice(0, mark);
    this.#query = mark === -1 ? '' : url.slice(mark + 1);
    this.method = request.method ?? '';
    response.on('close', () => {
      this.#isClosed = true;
      this.#release();
      this.#isGone = !response.writableFinished;
      if (this.#isGone) this.#gone?.abort();
    });
    response.on('error', () => undefined);
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.#query);
  }

  get signal(): AbortSignal {
    if (!this.#gone) {
      this.#gone = new AbortController();
      if (this.#isGone) this.#gone.abort();
    }
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
