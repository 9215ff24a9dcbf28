import type { ServeModelOptions } from '../src/commands/serve-model/run.js';

/** The defaults of serve-model's flags. */
export const serveDefaults = {
  host: '127.0.0.1',
  restPort: 8501,
  grpcPort: 8500,
  modelConfigFilePollSeconds: 0,
  pollSeconds: 1,
  workers: 1,
  warmupIterations: 1,
  maxRequestSize: 64,
  restTimeout: 30,
  allowVersionLabelsForUnavailableModels: false,
  tensorContent: false,
  drainTimeout: 30,
} as const satisfies ServeModelOptions;

/** Serves models, tells where, and ends at Ctrl-C or SIGTERM when all that has come is answered; a second one ends at once. */
export async function serveUntilSignal(options: ServeModelOptions): Promise<void> {
  const { serveModel } = await import('../src/commands/serve-model/run.js');
  const { url, grpcAddress, modelNames, end } = await serveModel(options);
  process.stdout.write(
    [
      ...modelNames.map((name) => `REST  ${url}v1/models/${encodeURIComponent(name)}`),
      `gRPC  ${grpcAddress}`,
      `page  ${url}`,
      'Ctrl-C ends it.\n',
    ].join('\n'),
  );
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, resolve);
  });
  process.stderr.write(`\n${signal}: answering what has come, then ending (again: at once)\n`);
  await end();
}
