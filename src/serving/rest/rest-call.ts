import type { IncomingHttpHeaders } from 'node:http';

import type { CancelSignal } from '../cancellation.js';
import type { MemoryClaim } from '../limits/memory-budget.js';
import type { ReceivedBody } from '../limits/received-body.js';
import type { RequestSubject } from '../request-event.js';
import type { LargeAnswer } from '../writer/large-answer.js';

/** A request that a handler answers. */
export interface RestCall {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Parts that the path's pattern captured, percent-decoded; undefined if a part is left out. */
  readonly parts: Readonly<Record<string, string | undefined>>;
  /** The body, inflated. @throws ServingError when it is too large, or cannot be inflated. */
  readonly body: () => Promise<ReceivedBody>;
  /** Accounts for the memory that the request takes; returned when it has been answered. */
  readonly claim: MemoryClaim;
  /** Aborts when the client has gone. */
  readonly signal: CancelSignal;
  /** Deadline, in milliseconds since 1970. Read it after the body, whose transfer time does not count. */
  readonly deadline: number;
  /** Reports to log and metrics which version and signature the request turned out to be for. */
  readonly isAbout: (subject: RequestSubject) => void;
}

/** Answer of a handler. */
export interface RestAnswer {
  /** Default: 200. */
  readonly status?: number;
  /** Default: `application/json`. */
  readonly type?: string;
  /** Headers in addition to type and length. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer | LargeAnswer;
}

export type RestHandler = (call: RestCall) => RestAnswer | Promise<RestAnswer>;

/** Maps requests to the handler that answers them. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** The whole path, or a pattern of it, with named groups for its parts. */
  readonly path: string | RegExp;
  /** Its name in the log. */
  readonly name: string;
  /** Whether it answers without the token, as orchestrators have none. Default: false. */
  readonly isOpen?: boolean;
  /** Left out of access log and metrics, since it is requested every few seconds. Default: false. */
  readonly isQuiet?: boolean;
  readonly handle: RestHandler;
}

/** Makes an answer with an object as its body. */
export function json(value: unknown): RestAnswer {
  return { body: JSON.stringify(value, null, 1) };
}
