import { SignetError } from '../../errors.js';

/** The error for a file of a SavedModel that holds what no writer writes. `what` ends the sentence: `its footer is cut off`. */
export function damagedFile(file: string, what: string, options?: ErrorOptions): SignetError {
  return new SignetError('INVALID_SAVED_MODEL', `${file} is damaged: ${what}. Copy or save the model again.`, options);
}
