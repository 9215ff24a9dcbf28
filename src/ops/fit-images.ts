import { padOf, type Size, sizeAlong, sizes, sliceOf } from '../tensorflow/computed-sizes.js';
import * as tf from '../tensorflow/tf.js';
import type { DecodeSize, ExifHandling } from './decode-image.js';
import { floor, quotient } from './float-sizes.js';
import { resizeImages } from './resize-images.js';
import type { ResizeMode } from './resize-modes.js';

export { type ResizeMode, resizeModes } from './resize-modes.js';

/** Height and width in pixels. */
export type ImageSize = readonly [height: number, width: number];

/** How pictures are resized. */
export interface FitImagesOptions {
  /**
   * `squash` changes their shape, as Keras does by default; `crop` cuts off what is too wide or too high, on both sides, as its
   * `crop_to_aspect_ratio`; `pad` puts black on both sides, as its `pad_to_aspect_ratio`. Default: `squash`.
   */
  readonly resize?: ResizeMode | undefined;
  /** Whether pictures that are made smaller are smoothed, as `tf.image.resize(antialias=True)` does. Default: false. */
  readonly antialias?: boolean | undefined;
}

/** What is done to a picture before a model gets it. It is part of the model, whose signatures do it. */
export interface Preprocessing extends FitImagesOptions {
  /** Whether a picture is turned as its EXIF says. Default: `apply`. */
  readonly exif?: ExifHandling | undefined;
  /**
   * Whether JPEGs much larger than the model's images are decoded at a part of their size: `reduced` takes about two thirds of the time for a
   * photograph of 12 megapixels, and smooths it a little. See `DecodeSize`. Default: `full`.
   */
  readonly decode?: DecodeSize | undefined;
}

/** The same with every default filled in. */
export interface CompletePreprocessing {
  /** Whether a picture is turned as its EXIF orientation says. */
  readonly exif: ExifHandling;
  /** Whether large JPEGs are decoded at a fraction of their size. */
  readonly decode: DecodeSize;
  /** How pictures of another shape are fitted to the model's size. */
  readonly resize: ResizeMode;
  /** Whether pictures are smoothed when they are reduced. */
  readonly antialias: boolean;
}

/** Names of all that is done to a picture. */
export const preprocessingNames = ['exif', 'decode', 'resize', 'antialias'] as const satisfies readonly (keyof Preprocessing)[]; // prettier-ignore

/** Fills in what is left open. */
export function completePreprocessing(given: Preprocessing = {}): CompletePreprocessing {
  const { exif = 'apply', decode = 'full', resize = 'squash', antialias = false } = given;
  return { exif, decode, resize, antialias };
}

/**
 * Resizes pictures to a size, whatever shape they have.
 *
 * @param images [b, h, w, c]
 * @returns float32 [b, height, width, c]
 */
export function fitImages(
  images: tf.Tensor4D,
  size: ImageSize,
  { resize = 'squash', antialias }: FitImagesOptions = {},
): tf.Tensor4D {
  return tf.tidy(() => {
    if (resize === 'pad') return padded(images, size, antialias);
    return resizeImages(resize === 'crop' ? cropped(images, size) : images, size, { antialias });
  });
}

/** Cuts pictures to a shape, in the arithmetic of Keras (keras/src/utils/image_utils.py, smart_resize). */
function cropped(images: tf.Tensor4D, [targetHeight, targetWidth]: ImageSize): tf.Tensor4D {
  const [height, width] = [sizeAlong(images, 1), sizeAlong(images, 2)];
  const cropHeight = sizes.maximum(sizes.minimum(height, inShape(width, targetHeight, targetWidth)), 1);
  const cropWidth = sizes.maximum(sizes.minimum(width, inShape(height, targetWidth, targetHeight)), 1);
  const begin = (size: Size, rest: Size) => sizes.floorDiv(sizes.sub(size, rest), 2);
  return sliceOf(images, [0, begin(height, cropHeight), begin(width, cropWidth), 0], [-1, cropHeight, cropWidth, -1]);
}

/** How many times higher or wider a picture is made by padding, at most. */
const mostPadding = 64;

/**
 * Pads pictures to a shape and resizes them, in the arithmetic of Keras (keras/src/backend/tensorflow/image.py, resize).
 *
 * Bilinear resizing takes one axis after the other, and only one is padded. So the other axis is resized first: a picture of 28,000 x 1,800 pixels
 * takes 76 MB, where padding it first would take 2.4 GB. One that is more than 64 times too wide or too high is padded to 64 times its size and
 * squashed from there, so that a row of pixels does not take gigabytes.
 */
function padded(images: tf.Tensor4D, size: ImageSize, antialias: boolean | undefined): tf.Tensor4D {
  const [targetHeight, targetWidth] = size;
  const [height, width] = [sizeAlong(images, 1), sizeAlong(images, 2)];
  const onEachSide = (old: Size, wanted: Size) => {
    const all = sizes.minimum(sizes.maximum(old, wanted), sizes.mul(old, mostPadding));
    return sizes.floorDiv(sizes.sub(all, old), 2);
  };
  const rows = onEachSide(height, inShape(width, targetHeight, targetWidth));
  const columns = onEachSide(width, inShape(height, targetWidth, targetHeight));
  const isHigher = sizes.minimum(rows, 1);
  const either = (a: Size, b: Size) => sizes.add(sizes.mul(isHigher, a), sizes.mul(sizes.sub(1, isHigher), b));
  const inOneAxis = resizeImages(images, [either(height, targetHeight), either(targetWidth, width)], { antialias });
  const border = padOf(inOneAxis, [[0, 0], [rows, rows], [columns, columns], [0, 0]]); // prettier-ignore
  return resizeImages(border, size, { antialias });
}

/** The length of one side that goes with the other in a shape, rounded down in float32 as Keras does. */
function inShape(other: Size, side: number, otherSide: number): Size {
  return floor(quotient(sizes.mul(other, side), otherSide));
}
