import type { ImageProblem } from '../data/image-file/image-problem.js';
import type { ImageFile } from '../data/image-file/inspect-image-file.js';
import type { Decoding } from '../models/classifier/model-description.js';
import { decodeImage } from '../ops/decode-image.js';
import { stringScalar, stringVector } from '../ops/strings.js';
import type { LoadedSavedModel } from '../saved-model/run/load-saved-model.js';
import * as tf from '../tensorflow/tf.js';
import { readEachImage } from './read-each-image.js';

/** An image file and its content, which decodes. */
export interface ImageBytes {
  readonly file: ImageFile;
  readonly bytes: Uint8Array;
}

/** Answer of a signature to n images. */
export interface SignatureAnswer {
  /** [n, classes] in C order. */
  readonly logits: Float32Array;
  /** Duration of the call. */
  readonly milliseconds: number;
}

/** Reads a batch, and decodes each image once by itself to find those that do not decode. */
export function readBatch(
  files: readonly ImageFile[],
  decoding: Decoding,
): Promise<{ images: ImageBytes[]; bad: ImageProblem[] }> {
  return readEachImage(files, (bytes, file) => {
    decodeBytes(bytes, decoding).dispose();
    return { file, bytes };
  });
}

/** Sends encoded images through `serving_bytes`, which decodes them as the model wants them. Blocks the thread meanwhile. */
export function callWithBytes(model: LoadedSavedModel, images: readonly ImageBytes[]): SignatureAnswer {
  const input = stringVector(images.map(({ bytes }) => bytes));
  try {
    return callSignature(model, 'serving_bytes', 'image_bytes_string', input);
  } finally {
    input.dispose();
  }
}

/** Calls a signature of an image classifier, whose logits are `output_0`, and times it. Blocks the thread meanwhile. */
export function callSignature(model: LoadedSavedModel, key: string, name: string, input: tf.Tensor): SignatureAnswer {
  const start = performance.now();
  const outputs = model.call(key, { [name]: input });
  const logits = outputs.output_0?.dataSync<'float32'>().slice() ?? new Float32Array();
  const milliseconds = performance.now() - start;
  tf.dispose(outputs);
  return { logits, milliseconds };
}

/** Decodes an image, [height, width, 3]; the caller owns the pixels. */
export function decodeBytes(bytes: Uint8Array, decoding: Decoding): tf.Tensor3D {
  return tf.tidy(() => decodeImage(stringScalar(bytes), decoding));
}
