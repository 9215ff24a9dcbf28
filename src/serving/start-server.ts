import { SignetError } from '../errors.js';
import { createGrpcServer } from './grpc/create-grpc-server.js';
import { HealthThread } from './health/health-thread.js';
import { ConnectionLimit } from './limits/connection-limit.js';
import { MemoryBudget } from './limits/memory-budget.js';
import { Turns } from './limits/turns.js';
import type { ModelServer } from './model-server.js';
import { pageRoutes } from './page/page-routes.js';
import type { RequestEvent } from './request-event.js';
import { RequestReader } from './reader/request-reader.js';
import { isLoopback } from '../files/is-loopback.js';
import { tellFailure } from '../text/tell.js';
import { classifyImageRoute } from './rest/classify-image-route.js';
import { explainImageRoute } from './rest/explain-image-route.js';
import { Cors } from './rest/cors.js';
import { createRestServer } from './rest/create-rest-server.js';
import { healthRoutes } from './rest/health-routes.js';
import { metricsRoute } from './rest/metrics-route.js';
import { openApiRoute } from './rest/open-api-route.js';
import { openInferenceRoutes } from './rest/open-inference-routes.js';
import { servingRoutes } from './rest/serving-routes.js';
import { ServerMetrics } from './server-metrics.js';
import type { ServerTls } from './server-credentials.js';
import { ServingError } from './serving-error.js';
import type { Tracing } from './telemetry/tracing.js';
import { AnswerWriter } from './writer/answer-writer.js';
import { ModelStore, type ModelStoreOptions } from './store/model-store.js';

/** A server of models over REST and gRPC. */
export interface ServerOptions extends Omit<ModelStoreOptions, 'onEvent'> {
  /** Address to listen on. Default: `127.0.0.1`, which no other machine reaches. */
  readonly host?: string;
  /** Port of REST and the web page; 0 for any free port. Default: 8501. */
  readonly restPort?: number;
  /** Port of gRPC; 0 for any free port. Default: 8500. */
  readonly grpcPort?: number;
  /**
   * A port for `/healthz` and `/readyz` only, answered by its own thread without TLS or a token, however busy the server is; 0 for any free port.
   * Default: none, only the REST port answers them.
   */
  readonly healthPort?: number | undefined;
  /** The largest body or message, in bytes. Default: 64 MiB. */
  readonly maxRequestBytes?: number;
  /** Time after which a REST request is answered with 504, in milliseconds; gRPC's clients set their own deadlines. Default: 30,000. */
  readonly restTimeoutMilliseconds?: number;
  /** Bearer token that clients must send. Default: none is needed. */
  readonly token?: string;
  /** TLS settings for both protocols. Default: no TLS. */
  readonly tls?: ServerTls;
  /** Whether gRPC's outputs are in `tensor_content`. Default: false. */
  readonly tensorContent?: boolean;
  /** Maximum number of connections that are open at once, on both ports together. Default: what `ulimit -n` leaves, at most 10,000. */
  readonly maxConnections?: number | undefined;
  /** A UNIX socket for REST in addition to the port, without TLS. Default: none. */
  readonly restSocketPath?: string | undefined;
  /** A UNIX socket for gRPC in addition to the port, without TLS. Default: none. */
  readonly grpcSocketPath?: string | undefined;
  /** Origins of pages elsewhere that may use the server, such as `https://app.example`; `*` for all. Default: none. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** Names by which browsers may call a server on this machine. Default: `localhost` and its addresses. */
  readonly allowedHosts?: readonly string[] | undefined;
  /**
   * Folders from which clients may choose models (HandleReloadConfigRequest). A SavedModel is a program that runs when it is loaded: so this needs a
   * token. Default: clients may not choose any.
   */
  readonly reloadRoots?: readonly string[] | undefined;
  /**
   * Address of a collector that takes OpenTelemetry's traces as OTLP over HTTP, such as `http://localhost:4318`. Needs OpenTelemetry's
   * packages, which are loaded then. Default: requests are not traced.
   */
  readonly otlpEndpoint?: string | undefined;
  /** Time that `drain` waits for requests in flight, in milliseconds. Default: 30,000. */
  readonly drainMilliseconds?: number;
  /** Called with each event of a version; must not throw. Default: not called. */
  readonly onStoreEvent?: ModelStoreOptions['onEvent'];
  /** Called with every request that was answered; must not throw. Default: not called. */
  readonly onRequest?: (event: RequestEvent) => void;
  /** Called with failures that are the server's own. Default: they are written to standard error. */
  readonly onError?: (error: unknown) => void;
}

/** A server that answers. */
export interface RunningServer {
  /** The models, their versions and states. */
  readonly store: ModelStore;
  /** Port of REST and of the web page. */
  readonly restPort: number;
  /** Port of gRPC. */
  readonly grpcPort: number;
  /** Null without one. */
  readonly healthPort: number | null;
  /** Accepts nothing new, answers the requests it has, and settles when everything has ended. */
  drain(): Promise<void>;
}

/**
 * Loads the models, then serves them over REST (with the web page) and gRPC, as TensorFlow Serving does.
 *
 * @param serverVersion Version of Signet that is reported to clients.
 * @throws SignetError `INVALID_ARGUMENT` for options that make no sense, and for addresses at which the server cannot listen.
 */
export async function startServer(options: ServerOptions, serverVersion: string): Promise<RunningServer> {
  const { host = '127.0.0.1', restPort = 8501, grpcPort = 8500, maxRequestBytes = 64 * 2 ** 20 } = options;
  if (options.reloadRoots && options.token === undefined) {
    throw new SignetError(
      'INVALID_ARGUMENT',
      'Clients that choose models run programs: reloading needs a token. Give --token-file, or set SIGNET_TOKEN.',
    );
  }
  const tracing = await tracingOf(options, serverVersion);
  const cors = options.corsOrigins?.length ? new Cors(options.corsOrigins) : undefined;
  const metrics = new ServerMetrics((name) => store.modelNames.includes(name));
  const store = await ModelStore.start({
    ...options,
    onEvent: (event) => {
      metrics.onStoreEvent(event);
      options.onStoreEvent?.(event);
    },
  });
  let isDraining = false;
  const isReady = () => !isDraining && store.isReady;
  const reloadable = withReload(store, options.reloadRoots);
  const models = tracing ? tracing.watch(reloadable) : reloadable;
  const common = {
    ...pick(options, ['token', 'tls', 'drainMilliseconds', 'onError']),
    tracing,
    onRequest: (event: RequestEvent) => {
      metrics.onRequest(event);
      options.onRequest?.(event);
    },
  };
  const reader = new RequestReader(options.sizeLimits);
  const writer = new AnswerWriter();
  const turns = new Turns();
  const budget = MemoryBudget.forRequestsOf(maxRequestBytes);
  const connections = new ConnectionLimit(options.maxConnections);
  const uploads = { models, reader, pixelLimits: options.pixelLimits };
  const routes = [
    ...servingRoutes(models, reader, writer),
    classifyImageRoute(uploads),
    explainImageRoute(uploads),
    ...openInferenceRoutes(models, reader, { isReady, serverVersion, writer }),
    ...healthRoutes(isReady),
    ...pageRoutes(models),
    metricsRoute(metrics),
    openApiRoute(models, serverVersion),
  ];
  const { restTimeoutMilliseconds: timeoutMilliseconds } = options;
  const rest = createRestServer(routes, {
    ...common,
    maxBodyBytes: maxRequestBytes,
    budget,
    turns,
    connections,
    isBrowserGuarded: isLoopback(host) && options.token === undefined,
    allowedHosts: options.allowedHosts,
    cors,
    ...(timeoutMilliseconds !== undefined && { timeoutMilliseconds }),
  });
  const grpc = createGrpcServer(models, {
    ...common,
    ...pick(options, ['tensorContent']),
    isReady,
    serverVersion,
    maxMessageBytes: maxRequestBytes,
    reader,
    writer,
    turns,
    guard: { budget, connections },
  });
  let health: HealthThread | null = null;
  const drain = async () => {
    isDraining = true;
    health?.update();
    await Promise.all([rest.drain(), grpc.drain()]);
    await Promise.all([store.drain(), reader.end(), writer.end()]);
    await Promise.all([tracing?.end(), health?.end()]);
  };
  try {
    // One after the other, so that no second failure goes unhandled.
    if (options.grpcSocketPath !== undefined) await grpc.bindSocket(options.grpcSocketPath);
    if (options.restSocketPath !== undefined) await rest.startOnSocket(options.restSocketPath);
    const ports = { grpcPort: await grpc.start(host, grpcPort), restPort: await rest.start(host, restPort) };
    if (options.healthPort !== undefined) {
      const { onError = tellFailure } = options;
      health = await HealthThread.start(host, options.healthPort, { isReady, onError });
    }
    return { store, ...ports, healthPort: health?.port ?? null, drain };
  } catch (error) {
    await Promise.all([grpc.drain(), rest.drain(), store.drain()]);
    throw error;
  }
}

/** OpenTelemetry is loaded only if requests are traced. */
async function tracingOf(
  { otlpEndpoint: endpoint, onStoreEvent }: ServerOptions,
  serverVersion: string,
): Promise<Tracing | undefined> {
  if (endpoint === undefined) return undefined;
  const { startTracing } = await import('./telemetry/start-tracing.js');
  const onWarning = (message: string) => onStoreEvent?.({ type: 'log', level: 'warning', message });
  return startTracing({ endpoint, serverVersion, onWarning });
}

/** The models, which clients may replace by others below these folders. */
function withReload(store: ModelStore, roots: readonly string[] | undefined): ModelServer {
  const message = 'This server takes no configuration from clients. Start it with --allow-config-reload.';
  return {
    get modelNames() {
      return store.modelNames;
    },
    find: (spec) => store.find(spec),
    status: (spec) => store.status(spec),
    predict: (request) => store.predict(request),
    reload: async (config) => {
      if (!roots) throw new ServingError('PERMISSION_DENIED', message);
      await store.reload(config, roots);
    },
  };
}

/** Picks the given options among these keys; an option that is `undefined` would not get its default. */
function pick<T, K extends keyof T>(options: T, keys: readonly K[]): Pick<T, K> {
  const given = keys.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]);
  return Object.fromEntries(given) as Pick<T, K>;
}
