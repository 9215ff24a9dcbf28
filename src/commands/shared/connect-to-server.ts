import type { ClientTls, Protocol } from '../../client/client-options.js';
import { SignetClient } from '../../client/signet-client.js';
import type { OptionsOf } from './flag-table.js';
import type { serverFlags } from './server-flags.js';
import { readText, readTls, readToken } from './server-secrets.js';

/** Which server a command calls, and how; `server-flags.ts` explains each option. */
export type ServerOptions = OptionsOf<typeof serverFlags>;

/** Makes a client of a model on a server. @throws SignetError `INVALID_ARGUMENT`. */
export async function connectToServer(
  modelName: string,
  protocol: Protocol,
  options: ServerOptions,
): Promise<SignetClient> {
  const { host, grpcPort, restPort, modelVersion, modelLabel, timeout } = options;
  const [token, tls] = [await readToken(options), await clientTls(options)];
  return new SignetClient({
    host,
    grpcPort,
    restPort,
    modelName,
    protocol,
    tls,
    timeoutMilliseconds: timeout * 1000,
    ...(modelVersion !== undefined && { version: modelVersion }),
    ...(modelLabel !== undefined && { label: modelLabel }),
    ...(token !== undefined && { token }),
  });
}

async function clientTls({ tls, tlsCa, tlsCertificate, tlsKey }: ServerOptions): Promise<boolean | ClientTls> {
  const own = await readTls({ tlsCertificate, tlsKey });
  if (tlsCa === undefined && !own) return tls;
  return {
    ...(tlsCa !== undefined && { ca: await readText(tlsCa, '--tls-ca') }),
    ...(own && { certificate: own.certificate, key: own.key }),
  };
}
