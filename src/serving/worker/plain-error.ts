import { type ErrorCode, SignetError, wordsOf } from '../../errors.js';
import { ServingError } from '../serving-error.js';

/** An error without its class, which a message cannot carry; the code is null for an unexpected error. */
export interface PlainError {
  readonly code: ErrorCode | null;
  readonly message: string;
}

/** Prepares an error of a worker for sending. */
export function plainError(error: unknown): PlainError {
  return { code: error instanceof SignetError ? error.code : null, message: wordsOf(error) };
}

/** Restores an error that a worker sent. @returns A ServingError `INTERNAL` for an unexpected one. */
export function errorOf({ code, message }: PlainError): Error {
  return code === null ? new ServingError('INTERNAL', message) : new SignetError(code, message);
}
