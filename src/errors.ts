/** Every failure a caller can act on; `docs/errors.md` lists the codes, and a test keeps that list complete. */
export type ErrorCode =
  // Set-up and the TensorFlow runtime
  | 'SET_UP_FAILED'
  | 'NOT_SET_UP'
  | 'OFFLINE'
  | 'TENSORFLOW_ERROR'
  // Tracing
  | 'INVALID_SHAPE'
  | 'SPEC_MISMATCH'
  | 'NOT_TRACEABLE'
  | 'ASSERTION_FAILED'
  // Servables
  | 'INVALID_ASSET'
  | 'INVALID_SIGNATURE'
  // Data
  | 'INVALID_DATASET'
  | 'BAD_IMAGE'
  // Models, SavedModels and training
  | 'INVALID_SAVED_MODEL'
  | 'INVALID_WEIGHTS'
  | 'DOWNLOAD_FAILED'
  | 'INVALID_LABELS'
  | 'MODEL_EXISTS'
  | 'NOT_EXPORTABLE'
  | 'CLASSES_DIFFER'
  | 'TRAINING_STOPPED'
  | 'INVALID_TRAINING_STATE'
  | 'CANNOT_WRITE'
  // Servers
  | 'SERVER_ERROR'
  // Arguments
  | 'INVALID_ARGUMENT';

/** An error written for the person who can mend it: what was wrong, what was expected, what was received, what to do. */
export class SignetError extends Error {
  /** Always `SignetError`, also in stack traces. */
  override readonly name = 'SignetError';

  constructor(
    /** Stable code for programs; the message is for people and may change. */
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The message of whatever was thrown. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Checks an option that is a number.
 *
 * @param expected What it may be, for the message: `from 0 to 1`.
 * @throws SignetError `INVALID_ARGUMENT` that names the option, also for NaN and infinities.
 */
export function checkNumber(name: string, value: number, expected: string, isGood: (value: number) => boolean): void {
  if (Number.isFinite(value) && isGood(value)) return;
  throw new SignetError('INVALID_ARGUMENT', `${name} is a number, ${expected}. Received: ${value}.`);
}
