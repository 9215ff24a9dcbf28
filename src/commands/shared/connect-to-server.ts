import type { ClientTls, Protocol } from '../../client/client-options.js';
import { SignetClient } from '../../client/signet-client.js';
import { checkNumbers, portRange } from './check-numbers.js';
import { readText, readTls, readToken } from '../serve-model/server-secrets.js';

/** Which server a command calls, and how; the flags of the same names. */
export interface ServerFlags {
  readonly host: string;
  readonly grpcPort: number;
  readonly restPort: number;
  /** Default: the latest that is available. */
  readonly modelVersion?: number | undefined;
  /** A name for a version, such as `canary`. */
  readonly modelLabel?: string | undefined;
  /** Seconds to wait for an answer. */
  readonly timeout: number;
  /** Default: the variable SIGNET_TOKEN, else none is sent. */
  readonly tokenFile?: string | undefined;
  readonly tls: boolean;
  /** PEM file of who signed the server's certificate; implies `tls`. */
  readonly tlsCa?: string | undefined;
  /** PEM files, for a server that asks clients for a certificate. */
  readonly tlsCertificate?: string | undefined;
  readonly tlsKey?: string | undefined;
}

/** A client of a model on the server that the flags name. @throws SignetError `INVALID_ARGUMENT`. */
export async function connectToServer(
  modelName: string,
  protocol: Protocol,
  flags: ServerFlags,
): Promise<SignetClient> {
  const { host, grpcPort, restPort, modelVersion, modelLabel, timeout } = flags;
  checkNumbers(flags, {
    grpcPort: portRange,
    restPort: portRange,
    modelVersion: [0, Number.MAX_SAFE_INTEGER],
    timeout: [0.001, 86_400, 'fraction'],
  });
  const [token, tls] = [await readToken(flags), await clientTls(flags)];
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

async function clientTls({ tls, tlsCa, tlsCertificate, tlsKey }: ServerFlags): Promise<boolean | ClientTls> {
  const own = await readTls({ tlsCertificate, tlsKey });
  if (tlsCa === undefined && !own) return tls;
  return {
    ...(tlsCa !== undefined && { ca: await readText(tlsCa, '--tls-ca') }),
    ...(own && { certificate: own.certificate, key: own.key }),
  };
}
