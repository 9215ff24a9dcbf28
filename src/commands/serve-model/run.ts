import { createWriteStream, type WriteStream } from 'node:fs';

import { type RequestEvent, accessLogLine } from '../../serving/request-event.js';
import type { ServerTls } from '../../serving/server-credentials.js';
import { addressesOf, checkAvailable } from '../../serving/serve-models.js';
import { type ServerOptions, startServer } from '../../serving/start-server.js';
import type { StoreEvent } from '../../serving/store/store-event.js';
import { completeOptions, type GivenOptionsOf, type OptionsOf } from '../shared/flag-table.js';
import { followConfigFile } from './follow-config-file.js';
import { serveModelCommand } from './flags.js';
import { modelsToServe } from './models-to-serve.js';
import { packageVersion } from '../shared/package-version.js';
import { readTls, readToken } from '../shared/server-secrets.js';

/** What `serve-model` takes; what each option means stands in `flags.ts`. Either `modelFolder` or `modelConfigFile` is needed. */
export interface ServeModelOptions extends GivenOptionsOf<typeof serveModelCommand.flags> {}

/** A server that has been started for somebody at a terminal. */
export interface ServedModels {
  /** Of the page, and of REST below it. */
  readonly url: string;
  /** `127.0.0.1:8500` */
  readonly grpcAddress: string;
  readonly modelNames: readonly string[];
  /** Answers what has come, and ends. */
  readonly end: () => Promise<void>;
}

/**
 * Serves models until `end`; what happens to versions is told on standard error.
 *
 * @throws SignetError `INVALID_ARGUMENT`; `INVALID_SAVED_MODEL` when there is no model, or none can be loaded.
 */
export async function serveModel(given: ServeModelOptions): Promise<ServedModels> {
  const options = completeOptions(serveModelCommand.flags, given);
  const [token, tls] = [await readToken(options), await readTls(options)];
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
  const { url, grpcAddress } = addressesOf(server, { host: options.host, ...(tls && { tls }) });
  return {
    url,
    grpcAddress,
    modelNames: server.store.modelNames,
    end: async () => {
      stopFollowing();
      await server.drain();
      if (log && log !== process.stdout) await new Promise<void>((resolve) => (log as WriteStream).end(resolve));
    },
  };
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
    allowReload: options.allowConfigReload ?? isLoopback(host),
    allowLabelsForUnavailableVersions: options.allowVersionLabelsForUnavailableModels,
    ...(token !== undefined && { token }),
    ...(tls && { tls }),
    onStoreEvent: tellStoreEvent,
    ...(log && { onRequest: (event: RequestEvent) => void log.write(accessLogLine(event)) }),
    onError: (error) => console.error(error),
  };
}

/** Who can reach the server from this machine can read its disk anyway. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

function openAccessLog(file: string): NodeJS.WritableStream {
  if (file === '-') return process.stdout;
  const stream = createWriteStream(file, { flags: 'a' });
  // A full disk must not end the server.
  stream.on('error', (error) => console.error(`The access log cannot be written: ${error.message}`));
  return stream;
}

function tellStoreEvent(event: StoreEvent): void {
  if (event.type === 'log' && event.level !== 'info') process.stderr.write(`${event.level}: ${event.message}\n`);
  if (event.type !== 'version' || event.state === 'START') return;
  const error = event.error === undefined ? '' : `: ${event.error}`;
  process.stderr.write(`${event.model} version ${event.version}: ${event.state.toLowerCase()}${error}\n`);
}
