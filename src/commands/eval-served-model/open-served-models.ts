import { type Protocol, protocols } from '../../client/client-options.js';
import { ServerError } from '../../client/server-error.js';
import type { ReachedModel, ReachedModels } from '../../evaluation/evaluate-served-model.js';
import { connectToServer, type ServerOptions } from '../shared/connect-to-server.js';

/** Which model is opened, and over which protocols. */
export interface OpenServedModelOptions extends ServerOptions {
  readonly modelName: string;
  /** Default: both. */
  readonly protocol?: Protocol | undefined;
}

/**
 * Opens a model on a server by both protocols, or the one that is wanted: the version that answers now, whatever is loaded
 * later.
 *
 * @throws ServerError when no protocol is spoken.
 */
export async function openServedModels(options: OpenServedModelOptions): Promise<ReachedModels> {
  const wanted = options.protocol ? [options.protocol] : protocols;
  const models = await openAll(wanted, options);
  const version = options.modelVersion ?? anyOf(models).metadata.version;
  if (version === null || version === options.modelVersion) return models;
  closeServedModels(models);
  const spoken = wanted.filter((protocol) => !(models[protocol] instanceof ServerError));
  return { ...models, ...(await openAll(spoken, { ...options, modelVersion: version, modelLabel: undefined })) };
}

async function openAll(wanted: readonly Protocol[], options: OpenServedModelOptions): Promise<ReachedModels> {
  const open = async (protocol: Protocol) => {
    const client = await connectToServer(options.modelName, protocol, options);
    try {
      return [protocol, { client, metadata: await client.metadata() }] as const;
    } catch (error) {
      client.close();
      if (!(error instanceof ServerError)) throw error;
      return [protocol, error] as const;
    }
  };
  return Object.fromEntries(await Promise.all(wanted.map(open))) as ReachedModels;
}

/** The model by any protocol. @throws ServerError of all protocols when none is spoken. */
export function anyOf(models: ReachedModels): ReachedModel {
  const all = Object.values(models);
  const model = all.find((one): one is ReachedModel => !(one instanceof ServerError));
  if (model) return model;
  const errors = all.filter((one) => one instanceof ServerError);
  const [first] = errors;
  if (first && errors.length === 1) throw first;
  const messages = errors.map(({ message }) => `\n\n${message}`).join('');
  throw new ServerError(
    first?.status ?? 'UNAVAILABLE',
    `The server answers neither over gRPC nor over REST.${messages}`,
    { cause: first },
  );
}

export function closeServedModels(models: ReachedModels): void {
  for (const model of Object.values(models)) if (!(model instanceof ServerError)) model.client.close();
}
