import { SignetError } from '../../errors.js';

/** The largest weight file that is read, in bytes. */
export const mostWeightBytes = 400 * 2 ** 20;

/** A weight of a layer in a file. */
export interface KerasWeight {
  /** Its path in the file, for messages. */
  readonly path: string;
  readonly shape: readonly number[];
  /** Reads the elements, in C order. */
  readonly read: () => Float32Array | Promise<Float32Array>;
}

/** A layer's weights, in the order of Keras's layer. */
export interface KerasLayer {
  readonly name: string;
  readonly weights: readonly KerasWeight[];
}

/** Weights that are open for reading. */
export interface KerasWeightFile {
  /** In the order of the model that was saved. */
  readonly layers: readonly KerasLayer[];
  /**
   * Whether layers may be matched by their order if their names differ. For the legacy layout, Keras itself goes by the order: the names that it
   * numbers differ from one program to the next.
   */
  readonly isOrdered: boolean;
  close(): void;
}

/** Makes the error for a weight file that cannot be used. */
export function invalidWeights(path: string, what: string, cause?: unknown): SignetError {
  const advice =
    'Give a weight file of Keras for this architecture: .weights.h5, .keras, the .h5 that Keras Applications publishes, or a SavedModel.';
  return new SignetError(
    'INVALID_WEIGHTS',
    `${path} cannot be used: ${what}${what.includes('\n') ? '\n' : '. '}${advice}`,
    { cause },
  );
}
