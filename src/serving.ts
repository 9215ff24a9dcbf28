/**
 * Serving models from a program, as `signet-ml/serving`: a server, or a store that answers without one.
 *
 * @module signet-ml/serving
 */
import { packageVersion } from './commands/shared/package-version.js';
import { serveModels, type StartedServer, type StartServerOptions } from './serving/serve-models.js';

/**
 * Loads models and answers for them over REST (with the web page) and gRPC, as TensorFlow Serving does, until `drain`. New versions are
 * picked up while it runs.
 *
 * @example
 * ```ts
 * const server = await startServer({ models: { digits: 'models/LenetModel' }, restPort: 0, grpcPort: 0 });
 * console.log(`${server.url}v1/models/digits`);
 * await server.drain();
 * ```
 *
 * @throws SignetError `INVALID_ARGUMENT` for wrong options and addresses that cannot be listened on; `INVALID_SAVED_MODEL` when no model
 *   can be loaded.
 */
export function startServer(options: StartServerOptions): Promise<StartedServer> {
  return serveModels(options, packageVersion());
}

export { type ErrorCode, SignetError } from './errors.js';
export type { ModelToServe, StartedServer, StartServerOptions } from './serving/serve-models.js';
export type {
  ModelSpec,
  PredictRequest,
  PredictResponse,
  ServedVersion,
  ShadowReport,
  VersionStatus,
} from './serving/model-server.js';
export type { RequestEvent } from './serving/request-event.js';
export type { ServerTls } from './serving/server-credentials.js';
export { ServingError, type StatusCode } from './serving/serving-error.js';
export type { BatchingOptions } from './serving/store/batching-options.js';
export type { ModelConfig, VersionPolicy } from './serving/store/model-config.js';
export { ModelStore, type ModelStoreOptions } from './serving/store/model-store.js';
export type { ShadowOptions } from './serving/store/shadow.js';
export type { StoreEvent } from './serving/store/store-event.js';
export type { TensorValue } from './tensorflow/tensor-value.js';
