import type { ImageProblem } from '../data/image-file/image-problem.js';
import type { ImageFile } from '../data/image-file/inspect-image-file.js';
import { badImages } from '../data/scan/describe-problems.js';
import type { OnBadImage } from '../data/scan/scan-report.js';
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

/** How images are read batch by batch. */
export interface BatchOptions {
  /** Images per batch. */
  readonly batchSize: number;
  /** Whether an image that does not decode ends the reading or is left out. Default: `fail`. */
  readonly onBadImage?: OnBadImage | undefined;
  /** Called after each batch with the number of images done. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/**
 * Reads images batch by batch, as `readBatch` does; batches without an image that decodes are passed over.
 *
 * @param skipped Gets the images that are left out.
 * @throws SignetError `BAD_IMAGE`.
 */
export async function* batchesOf(
  files: readonly ImageFile[],
  decoding: Decoding,
  skipped: ImageProblem[],
  { batchSize, onBadImage = 'fail', onProgress }: BatchOptions,
): AsyncGenerator<readonly ImageBytes[]> {
  for (let i = 0; i < files.length; i += batchSize) {
    const { images, bad } = await readBatch(files.slice(i, i + batchSize), decoding);
    if (bad.length > 0 && onBadImage === 'fail') throw badImages(bad);
    skipped.push(...bad);
    if (images.length > 0) yield images;
    onProgress?.(Math.min(i + batchSize, files.length));
    // Each batch gives the event loop a turn, for the progress bar and Ctrl-C.
    await new Promise(setImmediate);
  }
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

/** Calls a signature of an image classifier, whose logits are `output_0`, and times it. Blocks the thread. */
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
