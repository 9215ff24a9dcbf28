import { SignetError } from '../errors.js';
import { type Size, sizeAlong, sizes } from '../tensorflow/computed-sizes.js';
import type * as tf from '../tensorflow/tf.js';

/** Position of the original within the padded picture, or of the cropped part within the original. */
export type Position = 'start' | 'center' | 'end';

/** Height and width, each a number or an int32 scalar such as `sizeOf` gives. */
export type PictureSize = readonly [height: Size, width: Size];

/** Which axes an op of pictures works on, and where. */
export interface AxesOptions {
  /** Default: height and width of [h, w, c] or [b, h, w, c]. For other tensors, such as sequences, their axes must be given. */
  readonly axes?: readonly number[] | undefined;
  /**
   * `start`: top and left; `end`: bottom and right. Default: `center`, and if the difference is odd, the extra row is at the bottom and the extra
   * column on the right, as in `tf.image.resize_with_crop_or_pad`.
   */
  readonly position?: Position | undefined;
}

/** An axis, its size, and the size that is asked for. */
export interface AskedAxis {
  readonly axis: number;
  readonly size: Size;
  readonly asked: Size;
}

/** The axes that an op works on with the sizes asked for. @throws SignetError `INVALID_ARGUMENT` where they do not fit the tensor. */
export function askedAxes(
  op: string,
  x: tf.Tensor,
  asked: readonly Size[],
  { axes = heightAndWidth(op, x) }: AxesOptions,
): AskedAxis[] {
  const isAxis = (axis: number) => Number.isInteger(axis) && axis >= 0 && axis < x.rank;
  if (asked.length !== axes.length || !axes.every(isAxis) || new Set(axes).size < axes.length) {
    throw new SignetError(
      'INVALID_ARGUMENT',
      `${op} takes one size for each of its axes, which are from 0 to ${x.rank - 1} here. Received: ${asked.length} sizes for the axes [${axes.join(', ')}].`,
    );
  }
  return axes.map((axis, i) => ({ axis, size: sizeAlong(x, axis), asked: checked(op, asked[i] ?? 0) }));
}

/** @throws SignetError `INVALID_ARGUMENT` unless a size is a whole number of at least 0 or an int32 scalar. */
function checked(op: string, size: Size): Size {
  const isSize =
    typeof size === 'number' ? Number.isInteger(size) && size >= 0 : size.dtype === 'int32' && size.rank === 0;
  if (isSize) return size;
  const received = typeof size === 'number' ? String(size) : `${size.dtype}[${size.shape.join(', ')}]`;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `${op} takes sizes that are whole numbers of at least 0, or int32 scalars such as sizeOf gives. Received: ${received}.`,
  );
}

/** @throws SignetError `INVALID_ARGUMENT` for a tensor that is not a picture. */
export function heightAndWidth(op: string, { rank, shape }: tf.Tensor): readonly [number, number] {
  if (rank === 3) return [0, 1];
  if (rank === 4) return [1, 2];
  throw new SignetError(
    'INVALID_ARGUMENT',
    `${op} takes a picture [h, w, c] or pictures [b, h, w, c]; of other tensors, give the axes. Received: [${shape.join(', ')}].`,
  );
}

/** The part of a difference in size that comes before the kept part. */
export function before(difference: Size, position: Position): Size {
  if (position === 'start') return 0;
  return position === 'end' ? difference : sizes.floorDiv(difference, 2);
}
