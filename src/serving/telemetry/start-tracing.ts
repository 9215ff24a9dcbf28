import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

import type { Attributes, Context, Span, SpanOptions, TextMapGetter, Tracer } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';

import { SignetError, wordsOf } from '../../errors.js';
import { loadOptional } from '../../files/load-optional.js';
import type { CallRun, ModelServer, PredictRequest } from '../model-server.js';
import type { RequestEvent } from '../request-event.js';
import { statusCodes } from '../serving-error.js';
import type { RequestSpan, TracedCall, Tracing } from './tracing.js';

/** Destination of spans, and the service that they name. */
export interface TracingOptions {
  /** Address of a collector that takes OTLP over HTTP, such as `http://localhost:4318`; `/v1/traces` is added to an address without a path. */
  readonly endpoint: string;
  /** Version of the service: Signet's. */
  readonly serverVersion: string;
  /** Receives a sentence when spans cannot be sent, and one when they can again. */
  readonly onWarning: (message: string) => void;
}

const packages = ['api', 'core', 'resources', 'sdk-trace-base', 'exporter-trace-otlp-proto'].map(
  (name) => `@opentelemetry/${name}`,
);
/** Maximum number of characters of an attribute or of an error's message; TensorFlow's may contain a whole graph. */
const mostCharacters = 1024;
/** Time that a server waits at its end for spans that are being sent, in milliseconds. */
const endMilliseconds = 5000;

/**
 * Loads OpenTelemetry, and traces requests with it. Sampling and the service's name follow `OTEL_TRACES_SAMPLER`, `OTEL_SERVICE_NAME` and
 * `OTEL_RESOURCE_ATTRIBUTES`; headers follow `OTEL_EXPORTER_OTLP_HEADERS`.
 *
 * @throws SignetError `INVALID_ARGUMENT` for an invalid address, and if OpenTelemetry is not installed.
 */
export async function startTracing({ endpoint, serverVersion, onWarning }: TracingOptions): Promise<Tracing> {
  const url = tracesUrl(endpoint);
  const { api, core, resources, sdk, exporter } = await loadOpenTelemetry();
  const service = { 'service.name': process.env.OTEL_SERVICE_NAME ?? 'signet', 'service.version': serverVersion };
  const detected = resources.detectResources({ detectors: [resources.envDetector] });
  const sent = new exporter.OTLPTraceExporter({ url: url.href });
  const provider = new sdk.BasicTracerProvider({
    resource: resources.defaultResource().merge(detected).merge(resources.resourceFromAttributes(service)),
    // Clients may choose paths and names of any length.
    spanLimits: { attributeValueLengthLimit: mostCharacters },
    spanProcessors: [new sdk.BatchSpanProcessor(new WarningExporter(sent, url, onWarning))],
  });
  const propagator = new core.W3CTraceContextPropagator();
  const contextFrom = <Carrier>(carrier: Carrier, getter: TextMapGetter<Carrier>) =>
    propagator.extract(api.ROOT_CONTEXT, carrier, getter);
  const end = async () => {
    await Promise.race([provider.shutdown().catch(() => undefined), wait(endMilliseconds, undefined, { ref: false })]);
  };
  return new OpenTelemetryTracing(provider.getTracer('signet', serverVersion), { api, contextFrom, end });
}

/** The collector's address for traces. @throws SignetError `INVALID_ARGUMENT`. */
function tracesUrl(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new SignetError(
      'INVALID_ARGUMENT',
      `--otlp-endpoint is the address of a collector that takes OTLP over HTTP, such as http://localhost:4318. Received: ${endpoint}.`,
    );
  }
  if (url.pathname === '/') url.pathname = '/v1/traces';
  return url;
}

async function loadOpenTelemetry() {
  return loadOptional('--otlp-endpoint needs OpenTelemetry', packages, async () => {
    const [api, core, resources, sdk, exporter] = await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/core'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/exporter-trace-otlp-proto'),
    ]);
    return { api, core, resources, sdk, exporter };
  });
}

type OpenTelemetryApi = typeof import('@opentelemetry/api');

interface TracingParts {
  readonly api: OpenTelemetryApi;
  readonly contextFrom: <Carrier>(carrier: Carrier, getter: TextMapGetter<Carrier>) => Context;
  readonly end: () => Promise<void>;
}

const fromHeaders: TextMapGetter<IncomingMessage['headers']> = {
  keys: (headers) => Object.keys(headers),
  get: (headers, key) => headers[key],
};

const fromMetadata: TextMapGetter<TracedCall['metadata']> = {
  keys: () => [],
  get: (metadata, key) => metadata.get(key).map(String),
};

class OpenTelemetryTracing implements Tracing {
  /** Context of the request that is being answered. */
  readonly #current = new AsyncLocalStorage<Context>();

  constructor(
    private readonly tracer: Tracer,
    private readonly parts: TracingParts,
  ) {}

  beginRest(request: IncomingMessage): RequestSpan {
    const { method = '', url = '', headers, httpVersion, socket } = request;
    const { localPort: port, remoteAddress: address } = socket;
    const agent = headers['user-agent'];
    const attributes = given({
      'http.request.method': method,
      'url.path': url.split('?', 1)[0],
      'url.scheme': 'encrypted' in socket ? 'https' : 'http',
      'network.protocol.version': httpVersion,
      'server.address': headers.host?.replace(/:\d+$/, ''),
      'server.port': port,
      'client.address': address,
      'user_agent.original': agent,
    });
    const parent = this.parts.contextFrom(headers, fromHeaders);
    return this.#begin(method, parent, attributes, (event, route) => ({
      name: route === undefined ? method : `${method} ${route}`,
      attributes: given({
        'http.route': route,
        'http.response.status_code': event.httpStatus,
        'error.type': (event.httpStatus ?? 0) >= 500 ? String(event.httpStatus) : undefined,
      }),
      // A client's mistake does not make the span an error.
      isError: (event.httpStatus ?? 0) >= 500,
    }));
  }

  beginGrpc({ path, metadata, peer }: TracedCall): RequestSpan {
    const name = path.slice(1);
    const [service = '', method = ''] = name.split('/');
    const host = peer.replace(/:\d+$/, '');
    const attributes = given({
      'rpc.system': 'grpc',
      'rpc.service': service,
      'rpc.method': method,
      'client.address': isIP(host.replaceAll(/[[\]]/g, '')) > 0 ? host : undefined,
    });
    const parent = this.parts.contextFrom(metadata, fromMetadata);
    return this.#begin(name, parent, attributes, ({ status }) => ({
      name,
      attributes: { 'rpc.grpc.status_code': status === 'OK' ? 0 : statusCodes[status] },
      isError: serverErrors.has(status),
    }));
  }

  watch(models: ModelServer): ModelServer {
    const predict = async (request: PredictRequest) => {
      const context = this.#current.getStore();
      if (!context) return models.predict(request);
      return models.predict({ ...request, onRun: (run) => this.#addRun(context, run) });
    };
    return new Proxy(models, {
      get: (target, key) => (key === 'predict' ? predict : (Reflect.get(target, key, target) as unknown)),
    });
  }

  end(): Promise<void> {
    return this.parts.end();
  }

  #begin(
    name: string,
    parent: Context,
    attributes: Attributes,
    endOf: (event: RequestEvent, route?: string) => { name: string; attributes: Attributes; isError: boolean },
  ): RequestSpan {
    const { trace, SpanKind, SpanStatusCode } = this.parts.api;
    const span = this.tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
    const context = trace.setSpan(parent, span);
    return {
      run: (answer) => this.#current.run(context, answer),
      end: (event, route) => {
        const ended = endOf(event, route);
        span.updateName(ended.name);
        span.setAttributes(ended.attributes);
        span.setAttributes(subjectOf(event));
        if (ended.isError) span.setStatus({ code: SpanStatusCode.ERROR, message: event.status });
        span.end();
      },
    };
  }

  /** The wait for a thread, and the session's run, once both are over. */
  #addRun(context: Context, { queuedAt, startedAt, endedAt, rows, requests, error }: CallRun): void {
    const { SpanStatusCode } = this.parts.api;
    this.#addSpan('batch.wait', context, queuedAt, startedAt);
    const attributes = { 'signet.batch.size': rows, 'signet.batch.requests': requests };
    this.#addSpan('session.run', context, startedAt, endedAt, { attributes }, (span) => {
      if (error === undefined) return;
      span.setStatus({ code: SpanStatusCode.ERROR, message: wordsOf(error).slice(0, mostCharacters) });
    });
  }

  /** @param start Time of `performance.now`, like `end`. */
  #addSpan(
    name: string,
    context: Context,
    start: number,
    end: number,
    options: SpanOptions = {},
    change: (span: Span) => void = () => undefined,
  ): void {
    const { timeOrigin } = performance;
    const span = this.tracer.startSpan(name, { ...options, startTime: timeOrigin + start }, context);
    change(span);
    span.end(timeOrigin + end);
  }
}

/** Codes that make a server's span an error, by the semantic conventions for gRPC; a client's mistake does not. */
const serverErrors: ReadonlySet<RequestEvent['status']> = new Set([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
] as const);

/** Attributes for what the request turned out to be about. */
function subjectOf({ model, version, signature, status, requestBytes, responseBytes }: RequestEvent): Attributes {
  return given({
    'signet.model.name': model === '' ? undefined : model,
    'signet.model.version': version,
    'signet.signature': signature,
    'signet.status': status,
    'signet.request.size': requestBytes,
    'signet.response.size': responseBytes,
  });
}

function given(attributes: Readonly<Record<string, string | number | undefined>>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

/** Reports once that spans cannot be sent, until they can again. */
class WarningExporter implements SpanExporter {
  #isFailing = false;

  constructor(
    private readonly exporter: SpanExporter,
    private readonly url: URL,
    private readonly onWarning: (message: string) => void,
  ) {}

  export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]): void {
    this.exporter.export(spans, (result) => {
      const isFailing = result.error !== undefined;
      if (isFailing !== this.#isFailing) this.onWarning(this.#message(result.error));
      this.#isFailing = isFailing;
      done(result);
    });
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }

  async forceFlush(): Promise<void> {
    await this.exporter.forceFlush?.();
  }

  #message(error: Error | undefined): string {
    const where = this.url.origin + this.url.pathname;
    if (!error) return `Traces are sent to ${where} again.`;
    return `Traces cannot be sent to ${where}: ${error.message || error.name}. Requests are answered all the same; what is not sent is dropped.`;
  }
}
