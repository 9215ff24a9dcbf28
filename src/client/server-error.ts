import type { status } from '@grpc/grpc-js';

import { printable } from '../text/printable.js';
import { SignetError } from '../errors.js';
import { type ClientSettings, hostAndPort } from './client-options.js';

/** gRPC's name for what went wrong; over REST, the one that corresponds to the answer's HTTP status. */
export type ServerStatus = keyof typeof status;

/** A model server could not be reached, refused a request, or gave no sensible answer. */
export class ServerError extends SignetError {
  constructor(
    /** Status of the failure by gRPC's name, such as `NOT_FOUND`. */
    readonly status: ServerStatus,
    message: string,
    options?: ErrorOptions,
  ) {
    super('SERVER_ERROR', message, options);
  }
}

/** Facts of a failure. */
export interface ServerFailure {
  /** What was requested, in words that `of model "digits"` can follow: `the metadata`. */
  readonly asked: string;
  /** Status of the failure by gRPC's name, such as `NOT_FOUND`. */
  readonly status: ServerStatus;
  /** Message of the server, or of the system; untrusted. */
  readonly answer: string;
  /** The system's code, such as `ECONNREFUSED`, if no answer came. */
  readonly systemCode?: string | undefined;
  readonly cause?: unknown;
}

/** Makes an error that says which server was asked for what, what it answered, and what to do. */
export function serverError(settings: ClientSettings, failure: ServerFailure): ServerError {
  const { asked, status, answer, systemCode, cause } = failure;
  const { protocol, modelName, version, label } = settings;
  const which = version === undefined ? (label === undefined ? '' : ` (${label})`) : ` version ${version}`;
  const where = `${protocol === 'GRPC' ? 'gRPC' : 'REST'} at ${hostAndPort(settings)}`;
  const question = `Asked for ${asked} of model "${printable(modelName)}"${which} over ${where}.`;
  const received = systemCode === undefined ? `Answer: ${status}, ${shortened(answer)}` : shortened(answer);
  return new ServerError(
    status,
    `${question}\n${received}\n${advice(settings, failure)}`,
    cause === undefined ? {} : { cause },
  );
}

/** Maximum number of characters of a server's message that are shown. */
const mostCharacters = 600;

function shortened(text: string): string {
  const shown = printable(text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text);
  return /[.…!?]$/.test(shown) ? shown : `${shown}.`;
}

const usualPorts = 'The usual ports are 8500 for gRPC and 8501 for REST';

const giveAnother =
  "Give a model, and a version, that the server has. A model is named after its folder, or by the server's --model-name or --model-config-file.";

function advice(settings: ClientSettings, { asked, status, systemCode }: ServerFailure): string {
  const { protocol, host, timeoutMilliseconds, tls } = settings;
  if (systemCode !== undefined) return connectionAdvice(systemCode, host, protocol, tls !== undefined);
  switch (status) {
    case 'NOT_FOUND':
      return giveAnother;
    case 'DEADLINE_EXCEEDED':
      return `No result came within ${timeoutMilliseconds / 1000} s. Send fewer images at once, or wait longer (timeoutMilliseconds, --timeout).`;
    case 'UNAUTHENTICATED':
    case 'PERMISSION_DENIED':
      return "Give the server's token (token, --token-file).";
    case 'RESOURCE_EXHAUSTED':
      return 'The server takes no more: send fewer or smaller images at once (--batch-size, --input-width, --input-height).';
    case 'UNAVAILABLE':
      return 'The server is overloaded, still loading or about to end: try again later, with fewer requests at once.';
    case 'INVALID_ARGUMENT':
    case 'FAILED_PRECONDITION':
      if (asked === 'the metadata') return giveAnother;
      return 'The metadata of the model lists its signatures, with the types and shapes of their inputs.';
    case 'UNIMPLEMENTED':
      return `Is a TensorFlow Serving listening there? ${usualPorts}.`;
    default:
      return "The server's log may say more.";
  }
}

function connectionAdvice(code: string, host: string, protocol: ServerFailure['asked'], isTls: boolean): string {
  if (code === 'ECONNREFUSED') {
    return `Nothing listens there. Is the server running, and is this its port for ${protocol === 'GRPC' ? 'gRPC' : 'REST'}? ${usualPorts}.`;
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `There is no host "${printable(host)}": check --host.`;
  if (code === 'TIMEOUT') return 'Is the host right, and does a firewall let the port through?';
  if (/CERT|SIGNATURE|SSL|TLS|ALTNAME|EPROTO/.test(code)) {
    return isTls
      ? "The server's certificate is not trusted, or it speaks no TLS: give the authority's certificate (tls.ca, --tls-ca), or leave TLS out."
      : 'Does the server speak TLS? Then give tls: true (--tls).';
  }
  return `The connection broke. Does this server speak ${protocol === 'GRPC' ? 'gRPC' : 'REST'}${isTls ? ' with TLS' : ' without TLS'} on this port? ${usualPorts}; its log may say more.`;
}
