import type { IncomingMessage } from 'node:http';

import type { ModelServer } from '../model-server.js';
import type { RequestEvent } from '../request-event.js';

/** What a gRPC call says about itself in addition to its message. */
export interface TracedCall {
  /** The method's, such as `/tensorflow.serving.PredictionService/Predict`. */
  readonly path: string;
  readonly metadata: { get(key: string): readonly (string | Buffer)[] };
  /** The client's address, with its port. */
  readonly peer: string;
}

/** The span of a request that is being answered. */
export interface RequestSpan {
  /** Runs what answers the request: spans that begin in there are its children. */
  run<T>(answer: () => Promise<T>): Promise<T>;
  /**
   * Ends the span with what became of the request. One that never ends is not exported, such as a health check's.
   *
   * @param route Pattern of the path, such as `/v1/models/{name}:predict`. Default: the request had no such route, or it came over gRPC.
   */
  end(event: RequestEvent, route?: string): void;
}

/** Spans of requests and of what is done for them. A server without tracing has none of this. */
export interface Tracing {
  beginRest(request: IncomingMessage): RequestSpan;
  beginGrpc(call: TracedCall): RequestSpan;
  /** The same models, whose calls become child spans of the request's span. */
  watch(models: ModelServer): ModelServer;
  /** Sends what has not been sent, for a few seconds at most. */
  end(): Promise<void>;
}
