import { rangeTo } from '../tensorflow/computed-sizes.js';
import { attribute, runOp } from '../tensorflow/run-op.js';
import * as tf from '../tensorflow/tf.js';
import { callPureFunction } from '../tracing/call-function.js';
import { currentTape } from '../tracing/tape.js';
import { tensorSpec } from '../tracing/tensor-spec.js';
import { tfFunction } from '../tracing/tf-function.js';
import { cond } from './cond.js';
import { whileLoop } from './while-loop.js';

/** Formats in which EXIF is looked for. */
export type ExifContainer = 'jpeg' | 'png';

/** EXIF is looked for in this many of a file's first bytes: all that Signet's scan reads of it. */
export const exifHeadBytes = 65_536;

/** Maximum number of JPEG segments or PNG chunks to look at, so that a file with thousands costs nothing. */
export const mostExifSteps = 64;

/** Maximum number of entries of a directory to look at: EXIF has a few dozen, in the order of their tags, and this one is among the first. */
export const mostExifEntries = 512;

/**
 * Distance from one marker of a JPEG to the next, by the marker's second byte; 0 where the segment's length gives it. Source: ITU-T T.81, B.1.1.3:
 * 0x01 and 0xd0 to 0xd8 have no length; the search ends at 0xd9 (end) and 0xda (scan).
 */
export const jpegStrides: readonly number[] = Array.from({ length: 256 }, (_, marker) => {
  if (marker === 0xff) return 1;
  if (marker <= 1 || (marker >= 0xd0 && marker <= 0xd8)) return 2;
  return marker === 0xd9 || marker === 0xda ? exifHeadBytes : 0;
});

/** The tag of TIFF 6.0 and EXIF 2.32 that says how a picture is to be turned. */
export const orientationTag = 0x0112;

/**
 * Reads the EXIF orientation of a file in the graph, which no TensorFlow op does.
 *
 * It is the one of the first EXIF segment of a JPEG, or of the chunk `eXIf` of a PNG: the first entry of the first directory with that tag, of type
 * SHORT or LONG, as Pillow reads it. Anything that is damaged, or lies beyond the first 64 KiB, counts as upright. Every index is clipped.
 * `readExifOrientation` reads the same in JavaScript.
 *
 * @param bytes string scalar: the file's content.
 * @param isJpeg bool scalar: whether it is a JPEG. Everything else is looked at as a PNG.
 * @returns int32 scalar, 1 to 8; 1 is upright.
 */
export function exifOrientation(bytes: tf.Tensor, isJpeg: tf.Tensor): tf.Tensor {
  const tape = currentTape();
  const called = tape && callPureFunction(tape, () => readOrientation.getConcreteFunction(), [bytes, isJpeg]);
  return (called as tf.Tensor | null) ?? readOrientation(bytes, isJpeg);
}

/** A separate function: traced once, however many functions and models decode images. All its sizes are fixed, so a single run is enough. */
const readOrientation = tfFunction(
  (bytes: tf.Tensor, isJpeg: tf.Tensor): tf.Tensor => {
    const head = runOp(
      'Substr',
      [attribute.type('T', 'int32'), attribute.string('unit', 'BYTE')],
      [bytes, int(0), int(exifHeadBytes)],
    );
    // Nearly every file is settled here, within microseconds.
    return cond(
      mentionsExif(head, isJpeg),
      () => new ExifHead(head).orientation(isJpeg),
      () => int(1),
    );
  },
  { inputSignature: { bytes: tensorSpec('string', []), is_jpeg: tensorSpec('bool', []) }, name: 'exif_orientation' },
);

/** Whether the bytes that EXIF begins with are anywhere in a string; bool scalar. */
function mentionsExif(head: tf.Tensor, isJpeg: tf.Tensor): tf.Tensor {
  // \C is any byte to RE2, where . is a character of UTF-8.
  const matches = (pattern: string) => runOp('StaticRegexFullMatch', [attribute.string('pattern', pattern)], [head]);
  return cond(
    isJpeg,
    () => matches(String.raw`\C*Exif\x00\x00\C*`),
    () => matches(String.raw`\CPNG\r\n\x1a\n\C*eXIf\C*`),
  );
}

/** Where the TIFF data of EXIF are, int32 scalars: from `start` up to `end`. */
type TiffRange = Readonly<Record<'start' | 'end', tf.Tensor>>;

/** The first bytes of a file as numbers. */
class ExifHead {
  readonly #bytes: tf.Tensor;
  readonly #length: tf.Tensor;
  readonly #last: tf.Tensor;

  constructor(head: tf.Tensor) {
    const types = [attribute.type('out_type', 'uint8'), attribute.bool('little_endian', true)];
    this.#bytes = runOp('DecodePaddedRaw', types, [head, int(exifHeadBytes)]);
    this.#length = runOp('StringLength', [attribute.string('unit', 'BYTE')], [head]);
    this.#last = tf.maximum(tf.sub(this.#length, int(1)), int(0));
  }

  orientation(isJpeg: tf.Tensor): tf.Tensor {
    return this.#readTiff(
      cond(
        isJpeg,
        () => this.#findInJpeg(),
        () => this.#findInPng(),
      ),
    );
  }

  /** The bytes at some positions, which are sums and never negative; those beyond the end are the last one. */
  #at(positions: tf.Tensor): tf.Tensor {
    return tf.gather(this.#bytes, tf.minimum(positions, this.#last));
  }

  #findInJpeg(): TiffRange {
    const length = (at: tf.Tensor) => tf.sum(tf.mul(this.#at(tf.add(at, ints([2, 3]))), ints([256, 1])));
    const stride = (at: tf.Tensor) => {
      const known = tf.gather(ints(jpegStrides), this.#at(tf.add(at, int(1))));
      const segment = tf.where(tf.equal(known, int(0)), tf.add(length(at), int(2)), known);
      // libjpeg skips whatever is not a marker.
      return tf.where(tf.equal(this.#at(at), int(0xff)), segment, int(1));
    };
    const at = this.#walk(
      int(2),
      { offsets: [0, 1, 4, 5, 6, 7, 8, 9], expected: [0xff, 0xe1, ...codes('Exif\0\0')] },
      stride,
    );
    return { start: tf.add(at, int(10)), end: tf.minimum(tf.add(tf.add(at, length(at)), int(2)), this.#length) };
  }

  #findInPng(): TiffRange {
    // A chunk of 64 KiB or more ends beyond the head.
    const length = (at: tf.Tensor) =>
      tf.minimum(tf.sum(tf.mul(tf.minimum(this.#at(tf.add(at, ints([0, 1, 2, 3]))), ints([1, 1, 255, 255])), ints([exifHeadBytes, exifHeadBytes, 256, 1]))), int(exifHeadBytes)); // prettier-ignore
    const stride = (at: tf.Tensor) => tf.add(length(at), int(12));
    const at = this.#walk(int(8), { offsets: [4, 5, 6, 7], expected: codes('eXIf') }, stride);
    const start = tf.add(at, int(8));
    return { start, end: tf.minimum(tf.add(start, length(at)), this.#length) };
  }

  /** The first position, from one stride to the next, where the expected bytes are; the length of the head where they are nowhere. */
  #walk(
    first: tf.Tensor,
    { offsets, expected }: { readonly offsets: readonly number[]; readonly expected: readonly number[] },
    stride: (at: tf.Tensor) => tf.Tensor,
  ): tf.Tensor {
    const isFound = (at: tf.Tensor) => tf.all(tf.equal(this.#at(tf.add(at, ints(offsets))), ints(expected)));
    const [at, found] = whileLoop(
      (position, isThere) => tf.logicalAnd(tf.logicalNot(isThere), tf.less(position, this.#length)),
      (position) => {
        const isThere = isFound(position);
        return [tf.where(isThere, position, tf.add(position, stride(position))), isThere];
      },
      [first, tf.scalar(false, 'bool')],
      { maximumIterations: mostExifSteps },
    );
    return tf.where(found, at, this.#length);
  }

  /** Reads numbers of two bytes at some positions: all in one step, since each step is an op of every exported graph. */
  #shorts(positions: tf.Tensor, weights: tf.Tensor): tf.Tensor {
    return tf.sum(tf.mul(tf.reshape(this.#at(positions), [-1, 2]), weights), 1);
  }

  #readTiff({ start, end }: TiffRange): tf.Tensor {
    const header = this.#at(tf.add(start, ints([0, 1, 2, 3])));
    const begins = (text: string) => tf.all(tf.equal(header, ints(codes(text))));
    const [isBig, isLittle] = [begins('MM\0*'), begins('II*\0')];
    const weights = tf.gather(tf.tensor2d([1, 256, 256, 1], [2, 2], 'int32'), tf.cast(isBig, 'int32'));
    const shorts = (at: tf.Tensor, count: number) =>
      tf.unstack(this.#shorts(tf.add(at, ints(Array.from({ length: 2 * count }, (_, i) => i))), weights));
    /** Four bytes, at most 65,536. */
    const long = (first: tf.Tensor, second: tf.Tensor) =>
      tf.where(tf.greater(tf.where(isBig, first, second), int(0)), int(exifHeadBytes), tf.where(isBig, second, first));
    const [first, second] = shorts(tf.add(start, int(4)), 2) as Pair;
    const directory = tf.add(start, long(first, second));
    const [listed] = shorts(directory, 1) as [tf.Tensor];
    const whole = tf.maximum(tf.floorDiv(tf.sub(end, tf.add(directory, int(2))), int(12)), int(0));
    const rows = rangeTo(int(mostExifEntries));
    const entryOf = (row: tf.Tensor) => tf.add(tf.add(directory, int(2)), tf.mul(row, int(12)));
    const tags = this.#shorts(tf.add(tf.expandDims(entryOf(rows), 1), ints([0, 1])), weights);
    const isListed = tf.less(rows, tf.minimum(listed, whole));
    const isTag = tf.logicalAnd(isListed, tf.equal(tags, int(orientationTag)));
    const none = ints([exifHeadBytes]);
    const row = tf.min(tf.concat([none, tf.where(isTag, rows, none)]));
    const [, type, ...numbers] = shorts(entryOf(row), 6) as [tf.Tensor, tf.Tensor, ...Pair, ...Pair];
    const isShort = tf.equal(type, int(3));
    const count = long(numbers[0], numbers[1]);
    const value = tf.where(isShort, numbers[2], long(numbers[2], numbers[3]));
    const conditions = [
      tf.logicalOr(isBig, isLittle),
      tf.less(row, int(exifHeadBytes)),
      tf.logicalOr(isShort, tf.equal(type, int(4))),
      tf.greaterEqual(count, int(1)),
      // More would not fit in the entry itself.
      tf.lessEqual(count, tf.where(isShort, int(2), int(1))),
      tf.greaterEqual(value, int(1)),
      tf.lessEqual(value, int(8)),
    ];
    return tf.where(tf.all(tf.stack(conditions)), value, int(1));
  }
}

type Pair = [tf.Tensor, tf.Tensor];

/** Whether rows and columns of a stored picture are in reverse, by its orientation; those from 5 are transposed as well, after that. */
const mirrored: readonly (readonly [rows: 0 | 1, columns: 0 | 1, channels: 0])[] = [
  [0, 0, 0],
  [0, 0, 0],
  [0, 1, 0],
  [1, 1, 0],
  [1, 0, 0],
  [0, 0, 0],
  [1, 0, 0],
  [1, 1, 0],
  [0, 1, 0],
];

/**
 * Turns the rows and columns of a picture round as its orientation asks for. From orientation 5 on they must be transposed too: that is left to the
 * caller, who may have made the picture smaller by then.
 *
 * @param image [height, width, channels].
 * @param orientation int32 scalar, 1 to 8.
 */
export function mirrorImage(image: tf.Tensor3D, orientation: tf.Tensor): tf.Tensor3D {
  const axes = tf.cast(
    tf.gather(
      tf.tensor2d(
        mirrored.map((row) => [...row]),
        [9, 3],
        'int32',
      ),
      orientation,
    ),
    'bool',
  );
  return runOp('Reverse', [attribute.type('T', image.dtype)], [image, axes]) as tf.Tensor3D;
}

function int(value: number): tf.Scalar {
  return tf.scalar(value, 'int32');
}

function ints(values: readonly number[]): tf.Tensor1D {
  return tf.tensor1d([...values], 'int32');
}

function codes(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}
