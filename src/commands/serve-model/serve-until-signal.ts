import { serveModel, type ServeModelOptions } from './run.js';
import { lowerV8Threads } from '../../serving/lower-v8-threads.js';
import { print, tell } from '../../text/tell.js';

/**
 * Serves models, prints where, and ends at Ctrl-C or SIGTERM once every request that has arrived is answered; a second signal ends at once.
 *
 * @throws SignetError as `serveModel`.
 */
export async function serveUntilSignal(options: ServeModelOptions): Promise<void> {
  lowerV8Threads();
  const { url, grpcAddress, healthUrl, modelNames, end } = await serveModel(options);
  print(
    [
      ...modelNames.map((name) => `REST  ${url}v1/models/${encodeURIComponent(name)}`),
      `gRPC  ${grpcAddress}`,
      `page  ${url}`,
      ...(healthUrl === null ? [] : [`health  ${healthUrl}`]),
      'Ctrl-C ends it.\n',
    ].join('\n'),
  );
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, resolve);
  });
  tell(`\n${signal}: answering what has come, then ending (again: at once)`);
  await end();
}
