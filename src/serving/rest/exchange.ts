import type { IncomingMessage, ServerResponse } from 'node:http';

import { Cancellation } from '../cancellation.js';
import type { RequestEvent, RequestSubject } from '../request-event.js';
import type { ArrivalWatch } from '../limits/arrival-watch.js';
import type { MemoryBudget, MemoryClaim } from '../limits/memory-budget.js';
import type { Pace } from '../limits/pace.js';
import type { ReceivedBody } from '../limits/received-body.js';
import { cutName } from '../limits/shown.js';
import type { Turns } from '../limits/turns.js';
import { answerOf, isLargeAnswer, type LargeAnswer } from '../writer/large-answer.js';
import { sendInTurns, turnBytes } from '../writer/send-in-turns.js';
import { readBody } from './read-body.js';
import type { RestAnswer, Route } from './rest-call.js';

/** Limits of a request. */
export interface ExchangeLimits {
  /** Largest body, in bytes. */
  readonly maxBytes: number;
  /** Accounts for the memory of bodies, their values, and answers. */
  readonly budget: MemoryBudget;
  readonly arrivals: ArrivalWatch;
  readonly pace: Pace;
  /** Shared with everything else that computes for requests. */
  readonly turns: Turns;
  /** Time that its answer may take once the request has fully arrived, in milliseconds. */
  readonly timeoutMilliseconds: number;
}

/** Answers are not documents, and caches must not keep them; the page's files have headers of their own. */
const safeHeaders = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
} as const;

/** One request and its answer. */
export class Exchange {
  readonly path: string;
  readonly method: string;
  /** The host that the request is for: that of the target if it names one, otherwise the header's. */
  readonly host: string | undefined;
  readonly claim: MemoryClaim;
  /** Milliseconds since 1970; later for a request whose body takes long to arrive. */
  deadline: number;
  readonly #started = performance.now();
  /** Whether the client has gone. */
  readonly signal = new Cancellation();
  readonly #query: string;
  #route: Route | undefined;
  readonly #subject: { -readonly [Key in keyof RequestSubject]: RequestSubject[Key] } = {};
  #sentBytes = 0;

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    private readonly limits: ExchangeLimits,
  ) {
    this.deadline = Date.now() + limits.timeoutMilliseconds;
    this.claim = limits.budget.open(request.socket.remoteAddress);
    const { url, host } = targetOf(request);
    this.host = host;
    const mark = url.indexOf('?');
    this.path = mark === -1 ? url : url.slice(0, mark);
    this.#query = mark === -1 ? '' : url.slice(mark + 1);
    this.method = request.method ?? '';
    response.on('close', () => {
      this.claim.close();
      if (!response.writableFinished) this.signal.abort();
    });
    response.on('error', () => undefined);
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.#query);
  }

  get isQuiet(): boolean {
    return this.#route?.isQuiet ?? false;
  }

  /** The path with names in place of the parts that its pattern captured, such as `/v1/models/{name}:predict`; undefined if no route has it. */
  get routeTemplate(): string | undefined {
    return this.#route && templateOf(this.#route.path, this.path);
  }

  begin(route: Route): void {
    this.#route = route;
  }

  /** Names chosen by clients are cut here, where they are stored. */
  isAbout({ model, signature, version }: RequestSubject): void {
    if (model !== undefined) this.#subject.model = cutName(model);
    if (signature !== undefined) this.#subject.signature = cutName(signature);
    if (version !== undefined) this.#subject.version = version;
  }

  async readBody(): Promise<ReceivedBody> {
    const { maxBytes, arrivals, pace, turns } = this.limits;
    const { sentBytes, ...body } = await readBody(this.request, { maxBytes, arrivals, pace, claim: this.claim });
    this.#sentBytes = sentBytes;
    const turn = turns.take();
    if (turn) await turn;
    this.deadline = Date.now() + this.limits.timeoutMilliseconds;
    return body;
  }

  send({ status = 200, type = 'application/json', headers, body }: RestAnswer): void {
    const { response } = this;
    const large = isLargeAnswer(body) ? body : undefined;
    if (large) response.once('close', () => large.close());
    if (response.destroyed) {
      large?.close();
      return;
    }
    const length = lengthOf(body);
    response.writeHead(status, { ...safeHeaders, 'Content-Type': type, 'Content-Length': length, ...headers });
    if (this.method === 'HEAD') response.end();
    else if (isLargeAnswer(body)) sendInPieces(response, body);
    else if (length <= turnBytes) response.end(body);
    else sendInPieces(response, answerOf(typeof body === 'string' ? Buffer.from(body) : body));
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
      responseBytes: lengthOf(body),
    };
  }
}

function templateOf(pattern: Route['path'], path: string): string {
  if (typeof pattern === 'string') return pattern;
  const { indices } = new RegExp(pattern.source, `${pattern.flags}d`).exec(path) ?? {};
  const places = Object.entries(indices?.groups ?? {}).filter(
    ([, place]) => (place as typeof place | undefined) !== undefined,
  );
  const fromTheEnd = places.toSorted(([, [a]], [, [b]]) => b - a);
  return fromTheEnd.reduce((text, [name, [start, end]]) => `${text.slice(0, start)}{${name}}${text.slice(end)}`, path);
}

/** A client that disconnects closes the response, which its other listeners notice. */
function sendInPieces(response: ServerResponse, body: LargeAnswer): void {
  sendInTurns(body, {
    write: (part, done) => response.write(part, done),
    isGone: () => response.destroyed,
    end: (error) => {
      if (!error) response.end();
    },
  });
}

function lengthOf(body: RestAnswer['body']): number {
  return isLargeAnswer(body) ? body.length : Buffer.byteLength(body);
}

/**
 * The target of a request, and the host that it is for. A proxy sends the whole address, which a server must accept (RFC 9112, 3.2.2); then the
 * header `Host` does not count.
 */
function targetOf({ url = '', headers }: IncomingMessage): { readonly url: string; readonly host: string | undefined } {
  const [whole = '', host] = /^https?:\/\/([^/?#]*)/i.exec(url) ?? [];
  if (host === undefined) return { url, host: headers.host };
  const rest = url.slice(whole.length);
  return { url: rest.startsWith('/') ? rest : `/${rest}`, host };
}
