import { ServingError, type StatusCode, statusCodes } from '../serving-error.js';

/** A status as `@grpc/grpc-js` sends it. */
export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
}

/** The text goes in a header, percent-encoded, and clients take 8 KiB of headers. */
const maxEncodedLength = 4096;

/** The status that a client gets for a failure. For anything but a ServingError it only says that the server failed. */
export function statusOf(error: unknown): GrpcStatus & { readonly status: StatusCode } {
  if (!(error instanceof ServingError)) {
    const details = 'The server failed to answer; its log says why.';
    return { status: 'INTERNAL', code: statusCodes.INTERNAL, details };
  }
  const { status, message, length } = error;
  return { status, code: statusCodes[status], details: shortened(message, length) };
}

function shortened(message: string, length: number): string {
  let text = message;
  while (encodedLength(text) > maxEncodedLength) text = text.slice(0, text.length / 2);
  return text.length < message.length ? `${wellFormed(text)}... (${length} characters)` : wellFormed(text);
}

function encodedLength(text: string): number {
  return encodeURI(wellFormed(text)).length;
}

/** Half of a pair of surrogates cannot be encoded. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
