/**
 * Functions of TF.js that loop or branch in JavaScript by the size of a tensor, so that a trace would hold only for the sizes it was traced with.
 *
 * Each still returns the same; while traced, it does so for every size. docs/tracing.md lists them all, also those that are refused.
 */
import { rangeTo, resizeTo, type Size, sizeAlong, sizes, sizeTensor, sliceOf } from '../computed-sizes.js';
import * as tf from '../loading/library.js';
import { currentListener } from './op-listener.js';
import { replaced } from './replaced.js';

const int = (value: number) => tf.scalar(value, 'int32');

/** TF.js cuts frame by frame in a loop, and returns none where the samples are too few for one. */
replaced(
  tf.signal,
  'frame',
  () =>
    (signal, frameLength, frameStep, padEnd = false, padValue = 0) =>
      tf.tidy(() => {
        const all = tf.reshape(signal, [-1]);
        const length = sizeAlong(all, 0);
        // Each frame begins within the signal; without padding, it ends there too.
        const room = padEnd ? length : sizes.maximum(sizes.sub(length, frameLength - 1), 0);
        const count = sizes.floorDiv(sizes.add(room, frameStep - 1), frameStep);
        const starts = tf.mul(rangeTo(count), int(frameStep));
        const positions = tf.add(tf.reshape(starts, [-1, 1]), tf.range(0, frameLength, 1, 'int32'));
        const padded = padEnd ? tf.pad(all, [[0, frameLength]], padValue) : all;
        return tf.gather(padded, positions);
      }),
);

/** TF.js's own `stft` calls the original `frame`. */
replaced(
  tf.signal,
  'stft',
  () =>
    (signal, frameLength, frameStep, fftLength, windowFn = tf.signal.hannWindow) =>
      tf.tidy(() => {
        const frames = tf.signal.frame(signal, frameLength, frameStep);
        const length = fftLength ?? 2 ** Math.ceil(Math.log2(frameLength));
        return tf.spectral.rfft(tf.mul(frames, windowFn(frameLength)), length);
      }),
);

/**
 * Given a length, TF.js pads what is shorter and cuts what is longer. Here everything is first padded by that length, so that it only has to be cut.
 */
replaced(tf.spectral, 'rfft', (rfft) => (input, fftLength) => {
  if (fftLength === undefined || !currentListener()) return rfft(input, fftLength);
  return tf.tidy(() => {
    const last = input.rank - 1;
    const padded = tf.pad(
      input,
      input.shape.map((_, axis): [number, number] => (axis === last ? [0, fftLength] : [0, 0])),
    );
    const sizesOfSlice = input.shape.map((_, axis) => (axis === last ? fftLength : -1));
    return rfft(
      tf.slice(
        padded,
        sizesOfSlice.map(() => 0),
        sizesOfSlice,
      ),
    );
  });
});

/** TF.js mirrors a spectrum only if it has more than two numbers. Here nothing of a shorter one is left to mirror. */
replaced(tf.spectral, 'irfft', (irfft) => (input) => {
  if (!currentListener()) return irfft(input);
  return tf.tidy(() => {
    const [last = 0] = input.shape.slice(-1);
    const whole = (part: tf.Tensor, sign: number) => {
      const rows = tf.reshape(part, [-1, last]);
      const mirrored = sizes.maximum(sizes.sub(sizeAlong(rows, 1), 2), 0);
      const tail = tf.reverse(sliceOf(rows, [0, 1], [-1, mirrored]), 1);
      return tf.concat([rows, tf.mul(tail, sign)], 1);
    };
    const signal = tf.real(tf.spectral.ifft(tf.complex(whole(tf.real(input), 1), whole(tf.imag(input), -1))));
    return input.rank === 3 ? tf.reshape(signal, [...input.shape.slice(0, 2), signal.shape[1] ?? 0]) : signal;
  });
});

/** TF.js takes a batch apart and handles one matrix after the other. */
replaced(
  tf.linalg,
  'bandPart',
  (bandPart) =>
    <T extends tf.Tensor>(given: tf.TensorLike | T, numLower: number | tf.Scalar, numUpper: number | tf.Scalar): T => {
      const matrices: tf.Tensor | null = given instanceof tf.Tensor ? given : null;
      if (!matrices || !currentListener()) return bandPart<T>(given, numLower, numUpper);
      return tf.tidy(() => {
        const [rows, columns] = [-2, -1].map((axis) => sizeTensor(matrices, matrices.rank + axis));
        const position = (size: tf.Tensor | undefined) => rangeTo(size ?? 0);
        const below = tf.sub(tf.reshape(position(rows), [-1, 1]), position(columns));
        const isInside = tf.logicalAnd(within(below, numLower), within(tf.neg(below), numUpper));
        return tf.where(isInside, matrices, tf.zerosLike(matrices)) as T;
      });
    },
);

/** Whether a distance from the diagonal is at most a number; always true where that number is negative. */
function within(distance: tf.Tensor, most: number | tf.Scalar): tf.Tensor {
  if (typeof most === 'number')
    return most < 0 ? tf.onesLike(tf.cast(distance, 'bool')) : tf.lessEqual(distance, int(most));
  return tf.logicalOr(tf.less(most, int(0)), tf.lessEqual(distance, most));
}

interface Cropping2D extends tf.layers.Layer {
  readonly cropping: readonly [readonly [number, number], readonly [number, number]];
  readonly dataFormat: string;
}

const { constructor: cropping2D } = tf.layers.cropping2D({ cropping: 0 });

/** If a picture has one row less than is cropped, its size becomes -1, which means "the rest" to TF.js. Here nothing is left of it, as in Keras. */
replaced(cropping2D.prototype as Cropping2D, 'call', () => {
  return function (this: Cropping2D, inputs) {
    const [images] = Array.isArray(inputs) ? inputs : [inputs];
    if (!images) throw new Error('unreachable: a layer has an input');
    const first = this.dataFormat === 'channelsFirst' ? 2 : 1;
    const [begin, size] = [images.shape.map(() => 0), [...images.shape]];
    for (const [side, [before, after]] of this.cropping.entries()) {
      begin[first + side] = before;
      size[first + side] = Math.max(0, (images.shape[first + side] ?? 0) - before - after);
    }
    return tf.slice(images, begin, size);
  };
});

interface CenterCrop extends tf.layers.Layer {
  readonly height: number;
  readonly width: number;
}

const { constructor: centerCrop } = tf.layers.centerCrop({ height: 1, width: 1 });

/**
 * TF.js cuts pictures that are large enough and resizes all others. Here a window is always resized to the layer's size. For the former the window is
 * their middle, which already has that size and does not change; for the latter it is the whole picture.
 */
replaced(centerCrop.prototype as CenterCrop, 'call', (call) => {
  return function (this: CenterCrop, inputs, kwargs) {
    const [image] = Array.isArray(inputs) ? inputs : [inputs];
    if (!image || !currentListener()) return call.call(this, inputs, kwargs);
    return tf.tidy(() => {
      const batch = (image.rank === 3 ? tf.expandDims(image, 0) : image) as tf.Tensor4D;
      const [rows, columns] = [sizeAlong(batch, 1), sizeAlong(batch, 2)];
      const extra = [sizes.sub(rows, this.height), sizes.sub(columns, this.width)] as const;
      // 1 where neither side is too small, else 0.
      const isLarge = sizes.minimum(sizes.maximum(sizes.add(sizes.minimum(...extra), 1), 0), 1);
      const chosen = (large: Size, small: Size) => sizes.add(small, sizes.mul(isLarge, sizes.sub(large, small)));
      // If there is one column too many, TF.js drops the left one.
      const left = sizes.maximum(sizes.minimum(extra[1], 1), sizes.floorDiv(extra[1], 2));
      const begin = [0, chosen(sizes.floorDiv(extra[0], 2), 0), chosen(left, 0), 0];
      const size = [-1, chosen(this.height, rows), chosen(this.width, columns), -1];
      const resized = resizeTo(sliceOf(batch, begin, size), [this.height, this.width], 'bilinear', false);
      return tf.cast(image.rank === 3 ? tf.squeeze(resized, [0]) : resized, image.dtype);
    });
  };
});
