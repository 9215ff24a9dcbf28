import { createWriteStream, type WriteStream } from 'node:fs';

import { SignetError, wordsOf } from '../../errors.js';
import { loadOnnxRuntime } from '../../export/runtimes/onnx-runtime.js';
import { type RequestEvent, accessLogLine } from '../../serving/request-event.js';
import type { ServerTls } from '../../serving/server-credentials.js';
import { addressesOf, checkAvailable } from '../../serving/serve-models.js';
import { type ServerOptions, startServer } from '../../serving/start-server.js';
import type { ShadowOptions } from '../../serving/store/shadow.js';
import type { StoreEvent } from '../../serving/store/store-event.js';
import { isLoopback } from '../../files/is-loopback.js';
import { standardOutput, tell, tellFailure } from '../../text/tell.js';
import { completeOptions, type GivenOptionsOf, type OptionsOf } from '../shared/flag-table.js';
import { followConfigFile } from './follow-config-file.js';
import { serveModelCommand } from './flags.js';
import { modelsToServe } from './models-to-serve.js';
import { packageVersion } from '../shared/package-version.js';
import { readTls, readToken } from '../shared/server-secrets.js';

/** Options of `serve-model`; `flags.ts` says what each means. Either `modelFolder` or `modelConfigFile` is needed. */
export interface ServeModelOptions extends GivenOptionsOf<typeof serveModelCommand.flags> {}

/** A server that has been started for somebody at a terminal. */
export interface ServedModels {
  /** Address of the page; REST is below it. */
  readonly url: string;
  /** `127.0.0.1:8500` */
  readonly grpcAddress: string;
  /** `http://127.0.0.1:8502/healthz`; null without `healthPort`. */
  readonly healthUrl: string | null;
  readonly modelNames: readonly string[];
  /** Answers what has come, and ends. */
  readonly end: () => Promise<void>;
}

/**
 * Serves models until `end`, and reports on standard error what happens to versions.
 *
 * @throws SignetError `INVALID_ARGUMENT`; `INVALID_SAVED_MODEL` if there is no model, or none can be loaded.
 */
export async function serveModel(given: ServeModelOptions): Promise<ServedModels> {
  const options = completeOptions(serveModelCommand.flags, given);
  if (options.runtime === 'onnx') await checkOnnxRuntime();
  const [token, tls] = [await readToken(options), await readTls(options)];
  for (const warning of openness(options.host, token, tls)) tell(`warning: ${warning}`);
  const models = await modelsToServe(options);
  const log = options.accessLog === undefined ? undefined : openAccessLog(options.accessLog);
  const server = await startServer(serverOptions(options, models, { token, tls, log }), packageVersion());
  try {
    checkAvailable(server);
  } catch (error) {
    await server.drain();
    throw error;
  }
  const stopFollowing = followConfigFile(options, server.store, models.models ?? []);
  const addresses = addressesOf(server, { host: options.host, ...(tls && { tls }) });
  return {
    ...addresses,
    modelNames: server.store.modelNames,
    end: async () => {
      stopFollowing();
      await server.drain();
      if (log && log !== standardOutput()) await new Promise<void>((resolve) => (log as WriteStream).end(resolve));
    },
  };
}

/** @throws SignetError `INVALID_ARGUMENT` when `onnxruntime-node` is not installed. */
async function checkOnnxRuntime(): Promise<void> {
  try {
    await loadOnnxRuntime();
  } catch (cause) {
    throw new SignetError('INVALID_ARGUMENT', `--runtime onnx: ${wordsOf(cause)}`, { cause });
  }
}

interface Prepared {
  readonly token: string | undefined;
  readonly tls: ServerTls | undefined;
  readonly log: NodeJS.WritableStream | undefined;
}

function serverOptions(
  options: OptionsOf<typeof serveModelCommand.flags>,
  models: Pick<ServerOptions, 'models' | 'modelFolder'>,
  { token, tls, log }: Prepared,
): ServerOptions {
  const { host, restPort, grpcPort, pollSeconds, warmupIterations, tensorContent, maxPixels } = options;
  const { maxBatchSize, batchTimeoutMicros, allowedBatchSizes, maxEnqueuedBatches } = options;
  const batching = { maxBatchSize, batchTimeoutMicros, allowedBatchSizes, maxEnqueuedBatches };
  return {
    ...models,
    host,
    restPort,
    grpcPort,
    pollSeconds,
    warmupIterations,
    tensorContent,
    workersPerVersion: options.workers,
    batching,
    maxRequestBytes: Math.round(options.maxRequestSize * 2 ** 20),
    ...(maxPixels !== undefined && { pixelLimits: { maxPixels } }),
    restTimeoutMilliseconds: options.restTimeout * 1000,
    drainMilliseconds: options.drainTimeout * 1000,
    reloadRoots: reloadRoots(options),
    allowedHosts: options.allowedHost,
    corsOrigins: options.corsOrigin,
    healthPort: options.healthPort,
    restSocketPath: options.restSocketPath,
    grpcSocketPath: options.grpcSocketPath,
    otlpEndpoint: options.otlpEndpoint,
    shadows: options.shadowVersion?.map((text) => shadowOf(text, options.shadowShare)),
    trustModels: options.trustModels,
    precision: options.precision,
    runtime: options.runtime,
    sizeLimits: { maxRows: options.maxRows },
    allowLabelsForUnavailableVersions: options.allowVersionLabelsForUnavailableModels,
    ...(token !== undefined && { token }),
    ...(tls && { tls }),
    onStoreEvent: tellStoreEvent,
    ...(log && { onRequest: (event: RequestEvent) => void log.write(accessLogLine(event)) }),
    onError: tellFailure,
  };
}

/** `3`, or `NAME=3`. @throws SignetError `INVALID_ARGUMENT`. */
function shadowOf(text: string, share: number): ShadowOptions {
  const [, model, version] = /^(?:(.+)=)?(\d{1,15})$/.exec(text) ?? [];
  if (version === undefined) {
    const message = `--shadow-version is a version such as 3, or NAME=3 for one model of several. Received: ${text}.`;
    throw new SignetError('INVALID_ARGUMENT', message);
  }
  return { model, version: Number(version), share };
}

/** Nothing where clients may not choose models. @throws SignetError `INVALID_ARGUMENT`. */
function reloadRoots({ allowConfigReload = false, reloadRoot, modelFolder }: ServeModelOptions) {
  const roots = reloadRoot ?? (modelFolder === undefined ? undefined : [modelFolder]);
  if (!allowConfigReload && reloadRoot === undefined) return undefined;
  if (!allowConfigReload) throw new SignetError('INVALID_ARGUMENT', '--reload-root needs --allow-config-reload.');
  if (roots) return roots;
  const message = '--allow-config-reload needs --reload-root FOLDER, below which clients may choose models.';
  throw new SignetError('INVALID_ARGUMENT', message);
}

/** Sentences about a server that is more open than its owner may know. */
function openness(host: string, token: string | undefined, tls: ServerTls | undefined): string[] {
  const warnings: string[] = [];
  if (token !== undefined && token.length < shortToken) {
    warnings.push(`The token has ${token.length} characters, so it can be guessed. Take ${shortToken} or more.`);
  }
  if (isLoopback(host)) return warnings;
  if (token === undefined) warnings.push(`Anyone who reaches ${host} may use this server. Give --token-file.`);
  if (!tls) warnings.push(`Requests to ${host} are not encrypted. Give --tls-certificate and --tls-key.`);
  return warnings;
}

/** A token of fewer characters is worth a warning. */
const shortToken = 16;

function openAccessLog(file: string): NodeJS.WritableStream {
  if (file === '-') return standardOutput();
  const stream = createWriteStream(file, { flags: 'a' });
  // A full disk must not end the server.
  stream.on('error', (error) => tell(`The access log cannot be written: ${error.message}`));
  return stream;
}

function tellStoreEvent(event: StoreEvent): void {
  if (event.type === 'log' && event.level !== 'info') tell(`${event.level}: ${event.message}`);
  if (event.type === 'precision' && event.note !== null) tell(`${event.model} version ${event.version} ${event.note}`);
  if (event.type !== 'version' || event.state === 'START') return;
  const error = event.error === undefined ? '' : `: ${event.error}`;
  tell(`${event.model} version ${event.version}: ${event.state.toLowerCase()}${error}`);
}
