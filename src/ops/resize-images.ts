import { padOf, type ResizeMethod, resizeTo, type Size, sizeAlong, sizes } from '../tensorflow/computed-sizes.js';
import * as tf from '../tensorflow/tf.js';
import { difference, floor, half, maximum, quotient } from './float-sizes.js';
import { askedAxes, heightAndWidth, type PictureSize } from './picture-axes.js';

export type { ResizeMethod };

/** Options of `resizeImages` and `resizeShorterSide`. */
export interface ResizeOptions {
  /** Default: `bilinear`. */
  readonly method?: ResizeMethod | undefined;
  /**
   * Whether images that are made smaller are smoothed, as `tf.image.resize(antialias=True)` does: every pixel counts, where `bilinear` alone takes four
   * for each new one. For `bilinear`. Default: false.
   */
  readonly antialias?: boolean | undefined;
}

type Pictures = tf.Tensor3D | tf.Tensor4D;

/**
 * Resizes images as `tf.image.resize` does by default: pixel centers at half, no smoothing when made smaller unless `antialias` asks for it.
 *
 * @param images [h, w, c] or [b, h, w, c]
 * @param size Height and width in pixels: numbers, or int32 scalars such as `sizeOf` gives.
 * @returns float32 for `bilinear`, the type of the images for `nearest`.
 * @throws SignetError `INVALID_ARGUMENT`.
 */
export function resizeImages<T extends Pictures>(
  images: T,
  size: PictureSize,
  { method = 'bilinear', antialias = false }: ResizeOptions = {},
): T {
  const isBatch = images.rank === 4;
  const how = antialias && method === 'bilinear' ? 'antialiased' : method;
  // The same single op as before sizes could be computed, so that graphs of classifiers do not change.
  if (isBatch && size.every((each) => typeof each === 'number')) return resizeTo(images as tf.Tensor4D, size, how) as T;
  askedAxes('resizeImages', images, size, {});
  return tf.tidy(() => {
    const batch = isBatch ? (images as tf.Tensor4D) : tf.expandDims<tf.Tensor4D>(images, 0);
    const resized = resizeTo(batch, size, how);
    return (isBatch ? resized : tf.squeeze(resized, [0])) as T;
  });
}

/**
 * Resizes images to a length of their shorter side and keeps their shape, as torchvision's `Resize(n)` does: the longer side is rounded down.
 *
 * @param images [h, w, c] or [b, h, w, c]
 * @param pixels At least 1.
 * @returns float32 for `bilinear`, the type of the images for `nearest`.
 * @throws SignetError `INVALID_ARGUMENT`.
 */
export function resizeShorterSide<T extends Pictures>(images: T, pixels: Size, options: ResizeOptions = {}): T {
  return tf.tidy(() => {
    const [h, w] = heightAndWidth('resizeShorterSide', images);
    const [height, width] = [sizeAlong(images, h), sizeAlong(images, w)];
    const shorter = sizes.maximum(sizes.minimum(height, width), 1);
    const scaled = (side: Size) => sizes.floorDiv(sizes.mul(side, pixels), shorter);
    return resizeImages(images, [scaled(height), scaled(width)], options);
  });
}

/** Options of `letterbox`. */
export interface LetterboxOptions extends ResizeOptions {
  /** Value of the borders. Default: 0; detectors of the YOLO family are trained with 114. */
  readonly fillValue?: number | undefined;
}

/**
 * Resizes images to the largest size that fits into a height and a width, keeping their shape, and pads the rest on both sides, as
 * `tf.image.resize_with_pad` does.
 *
 * @param images [h, w, c] or [b, h, w, c]
 * @returns As `resizeImages`, of exactly that size.
 * @throws SignetError `INVALID_ARGUMENT`.
 */
export function letterbox<T extends Pictures>(
  images: T,
  size: PictureSize,
  { fillValue = 0, ...options }: LetterboxOptions = {},
): T {
  return tf.tidy(() => {
    const [height, width] = askedAxes('letterbox', images, size, {});
    if (!height || !width) throw new Error('unreachable: pictures have two sides');
    const ratio = maximum(quotient(width.size, width.asked), quotient(height.size, height.asked));
    const sides = [height, width].map(({ axis, size: old, asked }) => {
      const scaled = quotient(old, ratio);
      const first = sizes.maximum(floor(half(difference(asked, scaled))), 0);
      // TensorFlow refuses a picture so narrow that nothing is left of it.
      return { axis, first, scaled: sizes.maximum(floor(scaled), 1), asked };
    });
    const [rows = 1, columns = 1] = sides.map(({ scaled }) => scaled);
    const resized = resizeImages(images, [rows, columns], options);
    const paddings = images.shape.map((_, axis): readonly [Size, Size] => {
      const side = sides.find((each) => each.axis === axis);
      if (!side) return [0, 0];
      const first = sizes.minimum(side.first, sizes.sub(side.asked, side.scaled));
      return [first, sizes.sub(sizes.sub(side.asked, side.scaled), first)];
    });
    return padOf(resized, paddings, fillValue);
  });
}
