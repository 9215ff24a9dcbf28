import { SignetError } from '../../errors.js';

/** What every weight file that cannot be used is told with. */
export function invalidWeights(path: string, what: string, cause?: unknown): SignetError {
  const advice =
    'Give a weight file of Keras for this architecture: .weights.h5, .keras, the .h5 that Keras Applications publishes, or a SavedModel.';
  return new SignetError(
    'INVALID_WEIGHTS',
    `${path} cannot be used: ${what}${what.includes('\n') ? '\n' : '. '}${advice}`,
    { cause },
  );
}
