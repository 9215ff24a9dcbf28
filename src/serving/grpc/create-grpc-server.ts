import { isIPv6 } from 'node:net';

import { Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation, service as healthService } from 'grpc-health-check';

import { SignetError } from '../../errors.js';
import { ModelService } from '../../tensorflow/protos/tensorflow_serving/apis/model_service_pb.js';
import { PredictionService } from '../../tensorflow/protos/tensorflow_serving/apis/prediction_service_pb.js';
import { classification } from '../examples/classification.js';
import { regression } from '../examples/regression.js';
import { ArrivalWatch } from '../limits/arrival-watch.js';
import { ConnectionLimit } from '../limits/connection-limit.js';
import { removeStaleSocket } from '../limits/remove-stale-socket.js';
import { MemoryBudget } from '../limits/memory-budget.js';
import { Turns } from '../limits/turns.js';
import type { ModelServer } from '../model-server.js';
import { RequestReader } from '../reader/request-reader.js';
import type { RequestEvent } from '../request-event.js';
import type { ServerTls } from '../server-credentials.js';
import { AnswerWriter } from '../writer/answer-writer.js';
import { addMethods, type MethodHooks } from './add-methods.js';
import { arrivalOf, type GrpcGuard, guardConnections } from './guard-connections.js';
import { GRPCInferenceService } from '../../tensorflow/protos/inference/open_inference_pb.js';
import { inferenceMethods, type InferenceServiceOptions } from './inference-service.js';
import { getModelMetadata } from './model-metadata.js';
import { getModelStatus, reloadConfig } from './model-status.js';
import { multiInference } from './multi-inference.js';
import { OpenStreams } from './open-streams.js';
import { predict } from './predict.js';
import { reflectionOf } from './reflection.js';
import { requireToken } from './require-token.js';
import { answerExamples } from './run-examples-request.js';
import type { Tracing } from '../telemetry/tracing.js';
import { tellFailure } from '../../text/tell.js';

export interface GrpcServerOptions {
  /** The largest request, in bytes. Default: 64 MiB; TensorFlow Serving accepts 2 GiB - 1. */
  readonly maxMessageBytes?: number;
  /** Reads the messages, within its limits. Default: a new reader. */
  readonly reader?: RequestReader;
  /** Writes the answers. Default: a new writer. */
  readonly writer?: AnswerWriter;
  /** Shared with everything else that computes for requests. Default: its own. */
  readonly turns?: Turns;
  /** Limits for clients. Default: see GrpcGuard; for this server only. */
  readonly guard?: Partial<Omit<GrpcGuard, 'turns' | 'mostMessageBytes'>>;
  /** Whether outputs are in `tensor_content`, TensorFlow Serving's `--enable_serialization_as_tensor_content`. Default: false. */
  readonly tensorContent?: boolean;
  /** Whether every model answers, for the Open Inference Protocol. Default: always. */
  readonly isReady?: () => boolean;
  /** Version of the server, as the Open Inference Protocol reports it. Default: none. */
  readonly serverVersion?: string;
  /** Calls need `authorization: Bearer TOKEN` in their metadata, except for health checks. Default: no token is needed. */
  readonly token?: string;
  /** Default: no TLS. */
  readonly tls?: ServerTls;
  /** How long `drain` waits for calls that are in flight, in milliseconds. Default: 30 seconds. */
  readonly drainMilliseconds?: number;
  /** Default: calls are not traced. */
  readonly tracing?: Tracing | undefined;
  /** Called with every call that has been answered. */
  readonly onRequest?: (event: RequestEvent) => void;
  /** Receives failures that are the server's own; clients only see INTERNAL. Default: they are written to standard error. */
  readonly onError?: (error: unknown) => void;
}

export interface GrpcServer {
  /**
   * @param port 0 for any free port.
   * @returns The port. @throws SignetError `INVALID_ARGUMENT` when nothing can listen there.
   */
  start(host: string, port: number): Promise<number>;
  /**
   * Listens on a UNIX socket too, without TLS, as TensorFlow Serving's `--grpc_socket_path`. Call it before `start`.
   *
   * @throws SignetError `INVALID_ARGUMENT` when nothing can listen there.
   */
  bindSocket(path: string): Promise<void>;
  /** Accepts no more calls, reports that to health checks, and settles when the calls in flight have been answered. */
  drain(): Promise<void>;
}

/** Clients ask for the full name, or for TensorFlow Serving's; '' is the server as a whole. */
const services = [ModelService, PredictionService, GRPCInferenceService] as const;
const healthNames = ['', 'ModelService', 'PredictionService', ...services.map(({ typeName }) => typeName)];
/** Limits of one connection; times in milliseconds. */
const connectionOptions = {
  // It would count calls, for a service that this server does not have.
  'grpc.enable_channelz': 0,
  'grpc.max_concurrent_streams': 100,
  'grpc.max_connection_idle_ms': 300_000,
  'grpc.max_connection_age_ms': 3_600_000,
  'grpc.max_connection_age_grace_ms': 120_000,
  // So that a peer that vanished without closing is noticed.
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
};
/** Factor by which a message may be larger in memory than in transit. */
const maxGrowth = 8;

/**
 * Answers requests to models over gRPC as TensorFlow Serving does: `tensorflow.serving.PredictionService` and `ModelService`; also the Open Inference
 * Protocol's `inference.GRPCInferenceService`, `grpc.health.v1` and server reflection.
 */
export function createGrpcServer(models: ModelServer, options: GrpcServerOptions = {}): GrpcServer {
  const { maxMessageBytes = 64 * 2 ** 20, reader = new RequestReader(), tensorContent = false } = options;
  const { writer = new AnswerWriter(), turns = new Turns() } = options;
  const guard = {
    budget: options.guard?.budget ?? MemoryBudget.forRequestsOf(maxMessageBytes),
    arrivals: options.guard?.arrivals ?? new ArrivalWatch(),
    connections: options.guard?.connections ?? new ConnectionLimit(),
    handshakeMilliseconds: options.guard?.handshakeMilliseconds ?? 10_000,
    answerMilliseconds: options.guard?.answerMilliseconds ?? 120_000,
    turns,
    mostMessageBytes: maxMessageBytes,
  };
  const { drainMilliseconds = 30_000, onRequest = () => undefined, onError = tellFailure } = options;
  const server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': -1,
    ...connectionOptions,
    ...(options.token === undefined
      ? {}
      : { interceptors: [requireToken(options.token, (path) => onRequest(refusedEvent(path)))] }),
  });
  addServices(
    server,
    models,
    {
      limits: reader.limits,
      tensorContent,
      writer,
      isReady: options.isReady ?? (() => true),
      serverVersion: options.serverVersion ?? '',
    },
    {
      maxMessageCost: maxMessageBytes * maxGrowth,
      maxMessageBytes,
      reader,
      turns,
      arrivalOf: (call) => arrivalOf(call, guard.budget),
      tracing: options.tracing,
      onRequest,
      onError,
    },
  );
  const streams = new OpenStreams(turns);
  const health = new HealthImplementation(Object.fromEntries(healthNames.map((name) => [name, 'SERVING'])));
  health.addToServer(streams.watch(server));
  reflectionOf(services, [healthService]).addToServer(streams.watch(server));

  let drained: Promise<void> | undefined;
  let cutOff: () => void = () => undefined;
  return {
    bindSocket: async (path) => {
      await removeStaleSocket(path, 'gRPC');
      await bind(server, `unix:${path}`, undefined);
    },
    start: async (host, port) => {
      const bound = await bind(server, `${isIPv6(host) ? `[${host}]` : host}:${port}`, options.tls);
      cutOff = guardConnections(server, guard);
      return bound;
    },
    drain: () => {
      for (const name of healthNames) health.setStatus(name, 'NOT_SERVING');
      streams.endAll();
      return (drained ??= stop(server, drainMilliseconds, () => cutOff()));
    },
  };
}

function addServices(server: Server, models: ModelServer, options: InferenceServiceOptions, hooks: MethodHooks): void {
  addMethods(server, GRPCInferenceService, inferenceMethods(models, options), hooks);
  addMethods(
    server,
    PredictionService,
    {
      predict: (request, call) => predict(models, request, call, options),
      classify: (request, call) => answerExamples(models, classification, request, call, options),
      regress: (request, call) => answerExamples(models, regression, request, call, options),
      multiInference: (request, call) => multiInference(models, request, call, options),
      getModelMetadata: (request, call) => getModelMetadata(models, request, call),
    },
    hooks,
  );
  addMethods(
    server,
    ModelService,
    {
      getModelStatus: (request, call) => getModelStatus(models, request, call),
      handleReloadConfigRequest: (request) => reloadConfig(models, request),
    },
    hooks,
  );
}

function refusedEvent(path: string): RequestEvent {
  const method = path.slice(path.lastIndexOf('/') + 1);
  return {
    api: 'grpc',
    method,
    model: '',
    status: 'UNAUTHENTICATED',
    milliseconds: 0,
    requestBytes: 0,
    responseBytes: 0,
  };
}

function bind(server: Server, address: string, tls: ServerTls | undefined): Promise<number> {
  const credentials = tls
    ? ServerCredentials.createSsl(
        tls.clientRoots ?? null,
        [{ private_key: tls.key, cert_chain: tls.certificate }],
        tls.clientRoots !== undefined,
      )
    : ServerCredentials.createInsecure();
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => {
      if (!error) {
        resolve(bound);
        return;
      }
      // grpc-js joins the errors of all addresses of a host into one message, without an error code.
      const why = error.message.includes('EADDRINUSE') ? 'another program listens there' : error.message;
      const message = `gRPC cannot listen on ${address}: ${why}. Give another port or host.`;
      reject(new SignetError('INVALID_ARGUMENT', message, { cause: error }));
    });
  });
}

function stop(server: Server, milliseconds: number, cutOff: () => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      cutOff();
      resolve();
    }, milliseconds);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
