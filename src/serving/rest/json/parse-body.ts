import { refuse, ServingError } from '../../serving-error.js';
import { JsonTape } from './json-tape.js';

/** The position of the outermost value on a tape. */
export const root = 0;

/**
 * Parses a body that must be a JSON object.
 *
 * @param read Reads the body. The tape may not be used after that.
 * @throws ServingError as `JsonTape.parse`, and `INVALID_ARGUMENT` for other values.
 */
export function parseBody<Result>(bytes: Buffer, read: (tape: JsonTape) => Result): Result {
  if (bytes.length === 0) refuse('JSON Parse error: The document is empty');
  const tape = JsonTape.parse(bytes);
  try {
    if (!tape.isObject(root)) throw formatError(tape, root, 'Is not object');
    return read(tape);
  } finally {
    tape.release();
  }
}

/** The member `signature_name`; undefined if there is none. @throws ServingError when it is not a string. */
export function signatureNameIn(tape: JsonTape): string | undefined {
  const value = tape.member(root, 'signature_name');
  if (value === undefined) return undefined;
  if (tape.isString(value)) return tape.string(value) || undefined;
  throw formatError(tape, root, "not formatted correctly. 'signature_name' key must be a string value.");
}

/** TensorFlow Serving's message for a value of the wrong form. */
export function formatError(tape: JsonTape, value: number, complaint: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', `JSON Value: ${tape.shown(value)} ${complaint}`);
}
