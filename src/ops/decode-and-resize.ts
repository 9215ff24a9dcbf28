import * as tf from '../tensorflow/tf.js';
import { decodeImageThen } from './decode-image.js';
import { fitImages, type ImageSize, type Preprocessing } from './fit-images.js';
import { leastSideFor } from './least-side-for.js';
import { mapFn } from './map-fn.js';
import { tensorSpec } from '../tracing/tensor-spec.js';
import { type TfFunction, tfFunction } from '../tracing/tf-function.js';

export type { ImageSize, Preprocessing };

/**
 * Decodes encoded images of any sizes and formats, turns them upright and resizes them, several at once in a graph.
 *
 * Training, evaluation and `serving_bytes` all read images with this one function, so that they cannot differ.
 *
 * @param images string [n], or a scalar for one image: the files' contents; see `decodeImage` for the formats.
 * @returns float32 [n, height, width, 3], 0 to 255.
 */
export function decodeAndResize(images: tf.Tensor, size: ImageSize, preprocessing: Preprocessing = {}): tf.Tensor4D {
  const decoder = decoderFor(size, preprocessing);
  // In a graph a scalar may come where a vector was traced.
  return tf.tidy(() => mapFn(decoder, tf.reshape(images, [-1])) as tf.Tensor4D);
}

const decoders = new Map<string, TfFunction<[tf.Tensor], tf.Tensor>>();

/** Decodes one image. All callers with the same options share one function, so that it is traced once: its many branches take a second. */
function decoderFor(size: ImageSize, preprocessing: Preprocessing): TfFunction<[tf.Tensor], tf.Tensor> {
  const key = JSON.stringify([size, Object.entries(preprocessing).toSorted()]);
  const known = decoders.get(key);
  if (known) return known;
  const decoder = tfFunction((bytes: tf.Tensor) => decodeOne(bytes, size, preprocessing), {
    inputSignature: { bytes: tensorSpec('string', []) },
    name: 'decode_and_resize',
  });
  decoders.set(key, decoder);
  return decoder;
}

function decodeOne(bytes: tf.Tensor, size: ImageSize, { exif = 'apply', decode, ...fit }: Preprocessing): tf.Tensor {
  const [height, width] = size;
  const resize = (image: tf.Tensor3D, isTransposed: boolean) => {
    const [batch, wanted] = [tf.expandDims<tf.Tensor4D>(image), isTransposed ? ([width, height] as const) : size];
    const resized = fitImages(batch, wanted, fit);
    return isTransposed ? tf.transpose<tf.Tensor4D>(resized, [0, 2, 1, 3]) : resized;
  };
  const options = { dtype: 'int32', exif, leastSide: leastSideFor(size, decode) } as const;
  return tf.squeeze(decodeImageThen(bytes, resize, options), [0]);
}
