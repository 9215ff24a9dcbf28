import * as tf from '../tensorflow/tf.js';
import { decodeImageThen } from './decode-image.js';
import { mapFn } from './map-fn.js';
import { resizeImages } from './resize-images.js';

/** Height and width in pixels. */
export type ImageSize = readonly [height: number, width: number];

/**
 * Decodes and resizes encoded images of any sizes and formats, several at once in a graph.
 *
 * Training, evaluation and `serving_bytes` all read images with this one function, so that they cannot differ.
 *
 * @param images string [n], or a scalar for one image: the files' contents; see `decodeImage` for the formats.
 * @returns float32 [n, height, width, 3], 0 to 255.
 */
export function decodeAndResize(images: tf.Tensor, size: ImageSize): tf.Tensor4D {
  const resize = (image: tf.Tensor3D) => resizeImages(tf.expandDims<tf.Tensor4D>(image), size);
  const body = (bytes: tf.Tensor) => tf.tidy(() => tf.squeeze(decodeImageThen(bytes, resize, { dtype: 'int32' }), [0]));
  // In a graph a scalar may come where a vector was traced.
  return tf.tidy(() => mapFn(body, tf.reshape(images, [-1])) as tf.Tensor4D);
}
