import { isIPv6 } from 'node:net';

import { SignetError } from '../errors.js';
import { statusesOrNone } from './model-server.js';
import { type RunningServer, type ServerOptions, startServer } from './start-server.js';
import type { ModelConfig } from './store/model-config.js';

/** A model to serve: the folder of its versions, such as `models/LenetModel`, or the same with a policy and labels. */
export type ModelToServe = string | Omit<ModelConfig, 'name'>;

/** Options of `startServer`. */
export interface StartServerOptions extends Omit<ServerOptions, 'models'> {
  /** Models by the names that clients use, such as `{ digits: 'models/LenetModel' }`. Default: the models in `modelFolder`. */
  readonly models?: Readonly<Record<string, ModelToServe>> | undefined;
}

/** A server that `startServer` has started. */
export interface StartedServer extends RunningServer {
  /** Address of the web page and of REST below it, such as `http://127.0.0.1:8501/`. */
  readonly url: string;
  /** Address of gRPC, such as `127.0.0.1:8500`. */
  readonly grpcAddress: string;
  /** Address for health checks, such as `http://127.0.0.1:8502/healthz`; null without `healthPort`. */
  readonly healthUrl: string | null;
}

/**
 * Loads models and serves them over REST (with the web page) and gRPC, as TensorFlow Serving does, until `drain`. New versions are picked up while it
 * runs.
 *
 * @param serverVersion Signet's version, as the server reports it to clients.
 * @throws SignetError `INVALID_ARGUMENT` for wrong options, and for addresses at which the server cannot listen; `INVALID_SAVED_MODEL` when no model
 *   can be loaded.
 */
export async function serveModels(options: StartServerOptions, serverVersion: string): Promise<StartedServer> {
  const { models = {}, ...others } = options;
  if (Object.keys(models).length === 0 && options.modelFolder === undefined) {
    throw new SignetError(
      'INVALID_ARGUMENT',
      "startServer takes models: { digits: 'models/LenetModel' }, or modelFolder: 'models'. Received: neither.",
    );
  }
  const server = await startServer({ ...others, models: Object.entries(models).map(configOf) }, serverVersion);
  try {
    checkAvailable(server);
  } catch (error) {
    await server.drain();
    throw error;
  }
  return { ...server, ...addressesOf(server, options) };
}

/**
 * Checks that a server serves at least one model: a server without any is a mistake that is better reported now than by its clients.
 *
 * @throws SignetError `INVALID_SAVED_MODEL` that says why each model is not available.
 */
export function checkAvailable({ store }: RunningServer): void {
  const reasons = store.modelNames.flatMap((name) => {
    const statuses = statusesOrNone(store, name);
    if (statuses.some(({ state }) => state === 'AVAILABLE')) return [];
    return [`  ${name}: ${statuses.find(({ error }) => error !== undefined)?.error ?? 'it has no version'}`];
  });
  if (reasons.length < store.modelNames.length || reasons.length === 0) return;
  throw new SignetError('INVALID_SAVED_MODEL', `No model could be loaded:\n${reasons.join('\n')}`);
}

/** Writes the addresses of a server in the form that clients use. */
export function addressesOf(
  { restPort, grpcPort, healthPort }: RunningServer,
  { host = '127.0.0.1', tls }: Pick<ServerOptions, 'host' | 'tls'>,
): Pick<StartedServer, 'url' | 'grpcAddress' | 'healthUrl'> {
  const name = isIPv6(host) ? `[${host}]` : host;
  return {
    url: `${tls ? 'https' : 'http'}://${name}:${restPort}/`,
    grpcAddress: `${name}:${grpcPort}`,
    healthUrl: healthPort === null ? null : `http://${name}:${healthPort}/healthz`,
  };
}

function configOf([name, model]: [string, ModelToServe]): ModelConfig {
  return typeof model === 'string' ? { name, basePath: model } : { name, ...model };
}
