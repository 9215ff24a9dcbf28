import { isIP } from 'node:net';

import { SignetError } from '../errors.js';

/** The two ways to speak to a model server. */
export type Protocol = 'GRPC' | 'REST';
export const protocols = ['GRPC', 'REST'] as const satisfies readonly Protocol[];

/** TLS settings of a client, in PEM. */
export interface ClientTls {
  /** Certificates of the authorities that may have signed the server's certificate. Default: the authorities that Node.js knows. */
  readonly ca?: string | Uint8Array;
  /** The client's own certificate, for servers that ask for one. Default: none. */
  readonly certificate?: string | Uint8Array;
  /** The key of `certificate`. */
  readonly key?: string | Uint8Array;
}

/** Options of `SignetClient`. */
export interface SignetClientOptions {
  /** Name or address of the server, without scheme or port. Default: `127.0.0.1`. */
  readonly host?: string;
  /** Port of REST. Default: 8501. */
  readonly restPort?: number;
  /** Port of gRPC. Default: 8500. */
  readonly grpcPort?: number;
  /** Name of the model on the server. */
  readonly modelName: string;
  /** Version of the model. Default: the label's, else the latest that is available. */
  readonly version?: number;
  /** Label of a version, such as `canary`; not together with `version`. Default: none. */
  readonly label?: string;
  /** Protocol to speak. Default: `GRPC`. */
  readonly protocol?: Protocol;
  /** Time to wait for an answer, in milliseconds. Default: 60,000. */
  readonly timeoutMilliseconds?: number;
  /** Bearer token, sent as `Authorization: Bearer TOKEN`. Default: none. */
  readonly token?: string;
  /** Whether to speak TLS; `true` requires a certificate of an authority that Node.js knows. Default: false. */
  readonly tls?: boolean | ClientTls;
}

/** The options with their defaults; `port` defaults to the protocol's. */
export interface ClientSettings {
  readonly host: string;
  readonly port: number;
  readonly modelName: string;
  readonly version: number | undefined;
  readonly label: string | undefined;
  readonly protocol: Protocol;
  readonly timeoutMilliseconds: number;
  readonly token: string | undefined;
  readonly tls: ClientTls | undefined;
}

/** @throws SignetError `INVALID_ARGUMENT` that names the option. */
export function clientSettings(options: SignetClientOptions): ClientSettings {
  const { host = '127.0.0.1', restPort = 8501, grpcPort = 8500, modelName, version, label, token } = options;
  const { protocol = 'GRPC', timeoutMilliseconds = 60_000, tls = false } = options;
  check('protocol', protocol, 'GRPC or REST', protocols.includes(protocol));
  const [portName, port] = protocol === 'GRPC' ? ['grpcPort', grpcPort] : ['restPort', restPort];
  check('host', host, 'a name or address alone, such as 127.0.0.1', isHost(host));
  check(portName, port, 'a port, 1 to 65535', Number.isInteger(port) && port > 0 && port < 65536);
  check('modelName', modelName, 'the name of a model', modelName !== '');
  check('version', version, 'a whole number from 0', version === undefined || isCount(version));
  check('label', label, 'the name of a version, without a version', label === undefined || version === undefined);
  const isTime = timeoutMilliseconds > 0 && timeoutMilliseconds < 2 ** 31;
  check('timeoutMilliseconds', timeoutMilliseconds, 'more than 0, less than 2^31', isTime);
  check('token', '(hidden)', 'printable characters of ASCII', token === undefined || /^[!-~]+$/.test(token));
  const settings = { host, port, modelName, version, label, protocol, timeoutMilliseconds, token };
  return { ...settings, tls: tls === false ? undefined : tls === true ? {} : tls };
}

function isHost(host: string): boolean {
  return isIP(host) !== 0 || /^[\p{L}\p{N}._-]+$/u.test(host);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function check(name: string, value: unknown, expected: string, isGood: boolean): void {
  if (isGood) return;
  throw new SignetError('INVALID_ARGUMENT', `${name} is ${expected}. Received: ${JSON.stringify(value)}.`);
}

/** `127.0.0.1:8500`, `[::1]:8500`. */
export function hostAndPort({ host, port }: Pick<ClientSettings, 'host' | 'port'>): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}
