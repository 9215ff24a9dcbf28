import { type ErrorCode, SignetError, wordsOf } from '../../errors.js';
import { ServingError } from '../serving-error.js';

/** An error without its class, which no message carries; the code is null for one that nobody foresaw. */
export interface PlainError {
  readonly code: ErrorCode | null;
  readonly message: string;
}

/** Makes an error of a worker ready to be sent. */
export function plainError(error: unknown): PlainError {
  return { code: error instanceof SignetError ? error.code : null, message: wordsOf(error) };
}

/** Makes an error again of one that a worker sent. @returns A ServingError `INTERNAL` for one that nobody foresaw. */
export function errorOf({ code, message }: PlainError): Error {
  return code === null ? new ServingError('INTERNAL', message) : new SignetError(code, message);
}
