import { readFile } from 'node:fs/promises';

import { SignetError, wordsOf } from '../../errors.js';
import type { ServerTls } from '../../serving/server-credentials.js';

/** Files of a server's token and certificates. */
export interface SecretFiles {
  /** File with the bearer token. Default: the variable SIGNET_TOKEN; without either, no token is needed. */
  readonly tokenFile?: string | undefined;
  /** PEM files. Default: no TLS. */
  readonly tlsCertificate?: string | undefined;
  readonly tlsKey?: string | undefined;
  /** PEM file of who signs clients' certificates. Default: clients show none. */
  readonly tlsClientCa?: string | undefined;
}

/** Reads the token, which is not a flag itself: every user of a machine can read those. @throws SignetError `INVALID_ARGUMENT`. */
export async function readToken({ tokenFile }: Pick<SecretFiles, 'tokenFile'>): Promise<string | undefined> {
  const text = tokenFile === undefined ? process.env.SIGNET_TOKEN : await readText(tokenFile, '--token-file');
  if (text === undefined) return undefined;
  const token = text.trim();
  if (/^[!-~]+$/.test(token)) return token;
  if (token === '') {
    const where = tokenFile === undefined ? 'SIGNET_TOKEN is set and has' : `--token-file ${tokenFile} has`;
    throw invalid(`${where} no token in it. Put one there, or leave it out: then the server answers anyone.`);
  }
  throw invalid('The token is printable characters of ASCII without spaces. Received: something else.');
}

/** Reads what TLS needs; undefined without a certificate. @throws SignetError `INVALID_ARGUMENT`. */
export async function readTls({ tlsCertificate, tlsKey, tlsClientCa }: SecretFiles): Promise<ServerTls | undefined> {
  if (tlsCertificate === undefined || tlsKey === undefined) return undefined;
  const read = async (file: string, flag: string) => Buffer.from(await readText(file, flag));
  return {
    certificate: await read(tlsCertificate, '--tls-certificate'),
    key: await read(tlsKey, '--tls-key'),
    ...(tlsClientCa !== undefined && { clientRoots: await read(tlsClientCa, '--tls-client-ca') }),
  };
}

/** Reads a file that a flag names. @throws SignetError `INVALID_ARGUMENT` that names the flag. */
export function readText(file: string, flag: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw invalid(`${flag}: ${file} cannot be read: ${wordsOf(error)}`);
  });
}

function invalid(message: string): SignetError {
  return new SignetError('INVALID_ARGUMENT', message);
}
