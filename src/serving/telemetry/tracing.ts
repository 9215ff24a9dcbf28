import type { IncomingMessage } from 'node:http';

import type { ModelServer } from '../model-server.js';
import type { RequestEvent } from '../request-event.js';

/** Facts about a gRPC call in addition to its message. */
export interface TracedCall {
  /** Path of the method, such as `/tensorflow.serving.PredictionService/Predict`. */
  readonly path: string;
  readonly metadata: { get(key: string): readonly (string | Buffer)[] };
  /** The client's address, with its port. */
  readonly peer: string;
}

/** The span of a request that is being answered. */
export interface RequestSpan {
  /** Runs the code that answers the request: spans that begin in it are children of this one. */
  run<T>(answer: () => Promise<T>): Promise<T>;
  /**
   * Ends the span with the outcome of the request. A span that never ends, such as that of a health check, is not exported.
   *
   * @param route Pattern of the path, such as `/v1/models/{name}:predict`. Default: the request had no such route, or it came over gRPC.
   */
  end(event: RequestEvent, route?: string): void;
}

/** Spans of requests and of what is done for them. A server without tracing does not load any of this. */
export interface Tracing {
  beginRest(request: IncomingMessage): RequestSpan;
  beginGrpc(call: TracedCall): RequestSpan;
  /** The same models, whose calls become child spans of the request's span. */
  watch(models: ModelServer): ModelServer;
  /** Sends the spans that are left, for a few seconds at most. */
  end(): Promise<void>;
}
