import { padOf, type Size, sizes } from '../tensorflow/computed-sizes.js';
import * as tf from '../tensorflow/tf.js';
import { askedAxes, type AskedAxis, type AxesOptions, before, heightAndWidth } from './picture-axes.js';

/** Options of `padTo` and `padToMultiple`. */
export interface PadOptions extends AxesOptions {
  /** Value of the added elements. Default: 0. */
  readonly fillValue?: number | undefined;
}

/**
 * Pads pictures to at least a height and a width. What is larger stays as it is: `cropTo` cuts it, and both together give one size, as
 * `tf.image.resize_with_crop_or_pad` does.
 *
 * In a graph it does so for the size that each call brings.
 *
 * @param x [h, w, c], [b, h, w, c], or any tensor with `axes`: `padTo(tokens, [128], { axes: [1], position: 'start' })`.
 * @param size One for each axis: a number, or an int32 scalar.
 * @returns The same type and rank.
 * @throws SignetError `INVALID_ARGUMENT`.
 */
export function padTo<T extends tf.Tensor>(x: T, size: readonly Size[], options: PadOptions = {}): T {
  return tf.tidy(() => {
    const each = askedAxes('padTo', x, size, options);
    return pad(
      x,
      each.map((asked) => ({ ...asked, rest: sizes.maximum(sizes.sub(asked.asked, asked.size), 0) })),
      options,
    );
  });
}

/**
 * Pads pictures so that height and width are multiples of a number, as needed by networks that halve their images several times.
 *
 * @param x As for `padTo`.
 * @param multiple At least 1: one number for all axes, or one for each.
 * @returns The same type and rank.
 * @throws SignetError `INVALID_ARGUMENT`.
 */
export function padToMultiple<T extends tf.Tensor>(
  x: T,
  multiple: number | readonly number[],
  options: PadOptions = {},
): T {
  return tf.tidy(() => {
    const axes = options.axes ?? heightAndWidth('padToMultiple', x);
    const all = typeof multiple === 'number' ? axes.map(() => multiple) : multiple;
    const each = askedAxes('padToMultiple', x, all, options);
    return pad(
      x,
      each.map((asked) => ({ ...asked, rest: toMultiple(asked) })),
      options,
    );
  });
}

/** How much is missing to the next multiple of the number that is asked for; nothing if that is 0. */
function toMultiple({ size, asked }: AskedAxis): Size {
  const by = sizes.maximum(asked, 1);
  const above = sizes.floorDiv(sizes.add(size, sizes.sub(by, 1)), by);
  return sizes.sub(sizes.mul(above, by), size);
}

function pad<T extends tf.Tensor>(
  x: T,
  each: readonly (AskedAxis & { readonly rest: Size })[],
  { position = 'center', fillValue = 0 }: PadOptions,
): T {
  const paddings = x.shape.map((_, axis): readonly [Size, Size] => {
    const asked = each.find((other) => other.axis === axis);
    if (!asked) return [0, 0];
    const first = before(asked.rest, position);
    return [first, sizes.sub(asked.rest, first)];
  });
  return padOf(x, paddings, fillValue);
}
