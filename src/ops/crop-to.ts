import { SignetError } from '../errors.js';
import { type Size, sizeAlong, sizes, sliceOf } from '../tensorflow/computed-sizes.js';
import * as tf from '../tensorflow/tf.js';
import { halfOfTheRest } from './half-of-the-rest.js';
import { askedAxes, type AxesOptions, before, heightAndWidth, type PictureSize } from './picture-axes.js';

/**
 * Cuts pictures to at most a height and a width. What is smaller stays as it is: `padTo` pads it.
 *
 * In a graph it does so for the size that each call brings.
 *
 * @param x [h, w, c], [b, h, w, c], or any tensor with `axes`: `cropTo(tokens, [128], { axes: [1], position: 'start' })`.
 * @param size One for each axis: a number, or an int32 scalar.
 * @returns The same type and rank.
 * @throws SignetError `INVALID_ARGUMENT`.
 */
export function cropTo<T extends tf.Tensor>(x: T, size: readonly Size[], options: AxesOptions = {}): T {
  return tf.tidy(() => {
    const each = askedAxes('cropTo', x, size, options).map(({ axis, size: old, asked }) => {
      const rest = sizes.maximum(sizes.sub(old, asked), 0);
      return { axis, begin: before(rest, options.position ?? 'center'), size: sizes.minimum(old, asked) };
    });
    return slice(x, each);
  });
}

/**
 * Cuts the middle out of pictures: a fraction of height and width, as `tf.image.central_crop`, or at most a height and a width, as
 * `cropTo`.
 *
 * @param x [h, w, c] or [b, h, w, c].
 * @param fractionOrSize Above 0 and at most 1, or [height, width].
 * @returns The same type and rank.
 * @throws SignetError `INVALID_ARGUMENT`.
 */
export function centerCrop<T extends tf.Tensor3D | tf.Tensor4D>(x: T, fractionOrSize: number | PictureSize): T {
  const axes = heightAndWidth('centerCrop', x);
  if (typeof fractionOrSize !== 'number') return cropTo(x, fractionOrSize, { axes });
  if (!(fractionOrSize > 0 && fractionOrSize <= 1)) {
    throw new SignetError(
      'INVALID_ARGUMENT',
      `centerCrop takes a fraction above 0 and at most 1, or [height, width]. Received: ${fractionOrSize}.`,
    );
  }
  return tf.tidy(() => {
    const each = axes.map((axis) => {
      const size = sizeAlong(x, axis);
      const begin = halfOfTheRest(size, fractionOrSize);
      return { axis, begin, size: sizes.sub(size, sizes.mul(begin, 2)) };
    });
    return slice(x, each);
  });
}

function slice<T extends tf.Tensor>(
  x: T,
  each: readonly { readonly axis: number; readonly begin: Size; readonly size: Size }[],
): T {
  const of = (axis: number) => each.find((other) => other.axis === axis);
  return sliceOf(
    x,
    x.shape.map((_, axis) => of(axis)?.begin ?? 0),
    x.shape.map((_, axis) => of(axis)?.size ?? -1),
  );
}
