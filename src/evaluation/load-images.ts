import type { ImageProblem } from '../data/image-file/image-problem.js';
import type { ImageFile } from '../data/image-file/inspect-image-file.js';
import { fitImages, type ImageSize, type Preprocessing } from '../ops/fit-images.js';
import { leastSideFor } from '../ops/least-side-for.js';
import { decodeImage } from '../ops/decode-image.js';
import { stringScalar } from '../ops/strings.js';
import * as tf from '../tensorflow/tf.js';
import { readEachImage } from './read-each-image.js';

/** An image as it is sent. */
export interface DecodedImage {
  readonly source: ImageFile;
  /** The file's content; PNG where TensorFlow would not decode it. */
  readonly file: Uint8Array;
  /** RGB in C order, [height, width, 3], 0 to 255. */
  readonly pixels: Float32Array;
  readonly height: number;
  readonly width: number;
}

/**
 * Reads and decodes image files.
 *
 * @param size What pixels are resized to. Default: they stay as they are.
 * @param preprocessing How they are turned, and resized if they are.
 * @returns The images, and the ones that cannot be used.
 */
export function loadImages(
  sources: readonly ImageFile[],
  size?: ImageSize,
  preprocessing: Preprocessing = {},
): Promise<{ images: DecodedImage[]; bad: ImageProblem[] }> {
  return readEachImage(sources, (file, source) => ({ source, file, ...decode(file, size, preprocessing) }));
}

function decode(file: Uint8Array, size: ImageSize | undefined, { exif = 'apply', decode: how, ...fit }: Preprocessing) {
  const image = tf.tidy(() => {
    const decoded = decodeImage(stringScalar(file), { exif, leastSide: size && leastSideFor(size, how) });
    return size ? tf.squeeze<tf.Tensor3D>(fitImages(tf.expandDims<tf.Tensor4D>(decoded), size, fit), [0]) : decoded;
  });
  const [height, width] = image.shape;
  const pixels = image.dataSync<'float32'>().slice();
  image.dispose();
  return { pixels, height, width };
}
