import { SignetError } from '../errors.js';
import { attribute, runOp } from '../tensorflow/run-op.js';
import type { BindingAttribute } from '../tensorflow/backend.js';
import * as tf from '../tensorflow/tf.js';
import { callOp } from './call-op.js';
import { cond } from './cond.js';
import { exifOrientation, mirrorImage } from './exif-orientation.js';
import { stringScalar } from './strings.js';

/** Options of decoding. */
export interface DecodeOptions {
  /** 1 gray, 3 RGB, 4 RGB with alpha (PNG only). Default: 3. */
  readonly channels?: 1 | 3 | 4;
  /** The pixels' type, 0 to 255 in both: `int32`, TF.js's only whole numbers, is what `convertImageDtype` takes. Default: `float32`. */
  readonly dtype?: 'float32' | 'int32';
}

/** Options of `decodeJpeg`. */
export interface DecodeJpegOptions extends DecodeOptions {
  /** Divisor of the height and width at which the image is decoded: 2 for half the size, and so on. Default: 1. */
  readonly ratio?: 1 | 2 | 4 | 8;
}

/**
 * How large JPEGs are decoded: `full` as they are stored, as TensorFlow does; `reduced` at a half, a quarter or an eighth of that, where height and
 * width stay at least twice those of a model's images. libjpeg computes no more than that.
 */
export type DecodeSize = 'full' | 'reduced';

/** What is done about EXIF, which says how a camera was held: `apply` turns the picture upright, `ignore` leaves it as it is stored, as TensorFlow does. */
export type ExifHandling = 'apply' | 'ignore';

/** Options of `decodeImage`. */
export interface DecodeImageOptions extends Pick<DecodeOptions, 'dtype'> {
  /** Whether the EXIF orientation of a JPEG or PNG is applied; see `ExifHandling`. Default: `ignore`. */
  readonly exif?: ExifHandling | undefined;
  /**
   * JPEGs are decoded at the smallest of a whole, a half, a quarter and an eighth of their size at which the shorter side has at least this many
   * pixels. Default: whole.
   */
  readonly leastSide?: number | undefined;
}

/**
 * Decodes a JPEG, PNG, GIF (its first frame) or BMP image to RGB.
 *
 * Gray becomes three equal channels, a palette its colours, 16 bits their upper 8; alpha is dropped, as TensorFlow does. JPEG is decoded with the accurate inverse DCT: the result equals libjpeg-turbo's, where
 * TensorFlow's default differs by up to 18 of 255.
 *
 * @param bytes string scalar: the file's content.
 * @returns [height, width, 3], 0 to 255.
 * @throws SignetError `TENSORFLOW_ERROR` if it is not such an image, or is damaged.
 */
export function decodeImage(bytes: tf.Tensor, options: DecodeImageOptions = {}): tf.Tensor3D {
  const turned = (image: tf.Tensor3D, isTransposed: boolean) =>
    isTransposed ? tf.transpose<tf.Tensor3D>(image, [1, 0, 2]) : image;
  return decodeImageThen(bytes, turned, options);
}

/**
 * Decodes as `decodeImage` and continues with the image in the branch of its format, where its pixels are still bytes in the graph: resized
 * there, an image of 12 megapixels never takes the 144 MiB that it has as float32.
 *
 * @param next Takes the image, [height, width, 3], and whether rows and columns are still to be transposed for it to be upright, which costs less
 * once it is small.
 * @returns What `next` returns.
 */
export function decodeImageThen<Result extends tf.Tensor>(
  bytes: tf.Tensor,
  next: (image: tf.Tensor3D, isTransposed: boolean) => Result,
  { dtype = 'float32', exif = 'ignore', leastSide }: DecodeImageOptions = {},
): Result {
  const jpeg = () => (leastSide === undefined ? decodeJpeg(bytes, { dtype }) : decodeReduced(bytes, leastSide, dtype));
  return tf.tidy(() => {
    const isJpeg = startsWith(bytes, Uint8Array.of(0xff, 0xd8));
    const orientation = exif === 'apply' ? exifOrientation(bytes, isJpeg) : null;
    const decodeThen = (decodeAs: () => tf.Tensor3D) =>
      orientation ? uprightThen(orientation, decodeAs, next) : next(decodeAs(), false);
    return cond(
      isJpeg,
      () => decodeThen(jpeg),
      () =>
        cond(
          startsWith(bytes, Buffer.from('BM')),
          () => next(decodeBmp(bytes, { dtype }), false),
          () => decodeThen(() => decodePngOrGif(bytes, dtype)),
        ),
    );
  });
}

/** Decodes an image and turns it as its orientation asks for; an upright image needs no additional step. */
function uprightThen<Result extends tf.Tensor>(
  orientation: tf.Tensor,
  decodeAs: () => tf.Tensor3D,
  next: (image: tf.Tensor3D, isTransposed: boolean) => Result,
): Result {
  const is = (compare: typeof tf.less, value: number) => compare(orientation, tf.scalar(value, 'int32'));
  return cond(
    is(tf.lessEqual, 1),
    () => next(decodeAs(), false),
    () => {
      const image = mirrorImage(decodeAs(), orientation);
      return cond(
        is(tf.less, 5),
        () => next(image, false),
        () => next(image, true),
      );
    },
  );
}

/** Decodes a JPEG at the smallest size allowed; see `leastSide`. Its own size is in the file's header, which takes microseconds to read. */
function decodeReduced(bytes: tf.Tensor, leastSide: number, dtype: 'float32' | 'int32'): tf.Tensor3D {
  const header = [attribute.type('output_type', 'int32')];
  const shape = callOp('ExtractJpegShape', header, [bytes], { dtype: 'int32', shape: [3] });
  const shorter = tf.min(tf.slice(shape, [0], [2]));
  const from = ([ratio, ...finer]: readonly [1 | 2 | 4 | 8, ...(1 | 2 | 4 | 8)[]]): tf.Tensor3D => {
    const [next, ...others] = finer;
    if (next === undefined) return decodeJpeg(bytes, { dtype, ratio });
    return cond(
      tf.greaterEqual(shorter, tf.scalar(leastSide * ratio, 'int32')),
      () => decodeJpeg(bytes, { dtype, ratio }),
      () => from([next, ...others]),
    );
  };
  return from([8, 4, 2, 1]);
}

/** Decodes a JPEG to [height, width, channels] of 1 or 3 channels; see `decodeImage`. */
export function decodeJpeg(bytes: tf.Tensor, options: DecodeJpegOptions = {}): tf.Tensor3D {
  const { ratio = 1 } = options;
  const channels = allowedChannels('JPEG', options, [1, 3]);
  const attributes = [
    attribute.int('channels', channels),
    attribute.int('ratio', ratio),
    attribute.bool('fancy_upscaling', true),
    attribute.bool('try_recover_truncated', false),
    attribute.float('acceptable_fraction', 1),
    attribute.string('dct_method', 'INTEGER_ACCURATE'),
  ];
  return decode('DecodeJpeg', bytes, attributes, [null, null, channels], options) as tf.Tensor3D;
}

/** Decodes a PNG to [height, width, channels] of 1, 3 or 4 channels; see `decodeImage`. */
export function decodePng(bytes: tf.Tensor, options: DecodeOptions = {}): tf.Tensor3D {
  const { channels = 3 } = options;
  const attributes = [attribute.int('channels', channels), attribute.type('dtype', 'uint8')];
  return decode('DecodePng', bytes, attributes, [null, null, channels], options) as tf.Tensor3D;
}

/** Decodes all frames of a GIF to RGB, [frames, height, width, 3]. */
export function decodeGif(bytes: tf.Tensor, options: Pick<DecodeOptions, 'dtype'> = {}): tf.Tensor4D {
  return decode('DecodeGif', bytes, [], [null, null, null, 3], options) as tf.Tensor4D;
}

/** Decodes a BMP, gray or with alpha too, to RGB, [height, width, 3]; see `decodeImage`. */
export function decodeBmp(bytes: tf.Tensor, options: Pick<DecodeOptions, 'dtype'> = {}): tf.Tensor3D {
  return tf.tidy(() => {
    // TensorFlow refuses to change a BMP's number of channels: decode what it has, drop alpha, spread gray.
    const image = decode(
      'DecodeBmp',
      bytes,
      [attribute.int('channels', 0)],
      [null, null, null],
      options,
    ) as tf.Tensor3D;
    const colours = tf.stridedSlice(image, [0, 0, 0], [0, 0, 3], [1, 1, 1], 0b011, 0b011);
    const [height, width] = image.shape;
    // Not tf.broadcastTo, which drops the op where the sizes of the sample are equal already.
    const broadcast = [attribute.type('T', image.dtype), attribute.type('Tidx', 'int32')];
    return runOp('BroadcastTo', broadcast, [colours, tf.tensor1d([height, width, 3], 'int32')]) as tf.Tensor3D;
  });
}

function decodePngOrGif(bytes: tf.Tensor, dtype: 'float32' | 'int32'): tf.Tensor3D {
  const attributes = [
    attribute.int('channels', 3),
    attribute.type('dtype', 'uint8'),
    attribute.bool('expand_animations', false),
  ];
  return decode('DecodeImage', bytes, attributes, [null, null, 3], { dtype }) as tf.Tensor3D;
}

function decode(
  op: string,
  bytes: tf.Tensor,
  attributes: readonly BindingAttribute[],
  shape: readonly (number | null)[],
  { dtype = 'float32' }: DecodeOptions,
): tf.Tensor {
  if (bytes.dtype !== 'string' || bytes.rank !== 0) {
    throw new SignetError(
      'SPEC_MISMATCH',
      `${op} takes the content of one file, a string scalar. Received: ${bytes.dtype}[${bytes.shape.join(', ')}]. ` +
        'Use mapFn for several, stringScalar to make a scalar of bytes, decodeBase64 for text.',
    );
  }
  return tf.tidy(() => {
    const image = callOp(op, attributes, [bytes], { dtype: 'uint8', shape });
    return dtype === 'int32' ? image : tf.cast(image, dtype);
  });
}

function allowedChannels(format: string, { channels = 3 }: DecodeOptions, allowed: readonly number[]): number {
  if (allowed.includes(channels)) return channels;
  throw new SignetError('INVALID_ARGUMENT', `A ${format} has ${allowed.join(' or ')} channels. Received: ${channels}.`);
}

/** Whether a string begins with the given bytes; bool scalar. */
function startsWith(bytes: tf.Tensor, beginning: Uint8Array): tf.Tensor {
  const at = (position: number) => tf.scalar(position, 'int32');
  const head = runOp(
    'Substr',
    [attribute.type('T', 'int32'), attribute.string('unit', 'BYTE')],
    [bytes, at(0), at(beginning.length)],
  );
  const expected = stringScalar(beginning);
  return runOp('Equal', [attribute.type('T', 'string')], [head, expected]);
}
