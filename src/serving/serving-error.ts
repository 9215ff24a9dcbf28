import { SignetError } from '../errors.js';

/** The canonical status codes of gRPC, which TensorFlow Serving uses too; source: google/rpc/code.proto. */
export const statusCodes = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** Status of a failure, by gRPC's name. */
export type StatusCode = keyof typeof statusCodes;

export interface ServingErrorOptions extends ErrorOptions {
  /** HTTP status of the REST answer, such as 413. Default: the one that corresponds to the status. */
  readonly httpStatus?: number | undefined;
}

/** Maximum length of a message in characters; a longer one is cut, since it may quote what a client has sent. */
const mostCharacters = 2 ** 12;

/** Error that a server returns instead of a result. The client receives the first 4,096 characters of the message. */
export class ServingError extends Error {
  /** Always `ServingError`, also in stack traces. */
  override readonly name = 'ServingError';
  /** HTTP status for REST; undefined for the one that belongs to `status`. */
  readonly httpStatus: number | undefined;
  /** Length of the whole message in characters. */
  readonly length: number;

  constructor(
    /** Status of the failure by gRPC's name, such as `NOT_FOUND`. */
    readonly status: StatusCode,
    message: string,
    { httpStatus, ...options }: ServingErrorOptions = {},
  ) {
    super(cut(message), options);
    this.length = message.length;
    this.httpStatus = httpStatus;
  }
}

function cut(message: string): string {
  const { length } = message;
  return length > mostCharacters ? `${message.slice(0, mostCharacters)}... (${length} characters)` : message;
}

/** @throws ServingError `INVALID_ARGUMENT`, always. */
export function refuse(message: string): never {
  throw new ServingError('INVALID_ARGUMENT', message);
}

/** TensorFlow's error about a request that it cannot compute is the client's mistake: a bad image, or a shape that does not fit. */
export function asServingError(error: unknown): unknown {
  if (!(error instanceof SignetError) || error.code !== 'TENSORFLOW_ERROR') return error;
  return new ServingError('INVALID_ARGUMENT', error.message, { cause: error });
}
