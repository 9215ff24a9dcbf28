import type { RequestSubject } from '../request-event.js';

/** What a method knows of its call besides the message. */
export interface GrpcCall {
  /** Aborts when the client has gone or its deadline has passed. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. Default: the client waits for ever. */
  readonly deadline?: number;
  /** Tells what the request turned out to be about. */
  readonly isAbout: (subject: RequestSubject) => void;
}
