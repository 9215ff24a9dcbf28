import type { TfFunction } from '../tracing/tf-function.js';

/** The tf functions of an image classifier that its signatures expose. */
export interface ClassifierFunctions {
  /** `input_tensor` float32 [n, h, w, 3] to logits float32 [n, classes]. */
  readonly predictNumpyImage: TfFunction;
  /** `image_bytes_string` string [n] to logits float32 [n, classes]. */
  readonly predictBytesImage: TfFunction;
}

/** Which function answers to which SignatureDef key: one line a signature. */
export const classifierSignatures: Readonly<Record<string, keyof ClassifierFunctions>> = {
  serving_default: 'predictNumpyImage',
  serving_bytes: 'predictBytesImage',
};
