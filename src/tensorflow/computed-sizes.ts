/**
 * Sizes that a graph computes when it runs, and the ops that take them.
 *
 * Eagerly a size is a number and all of this is arithmetic in JavaScript. While traced it is an int32 scalar of the graph, so that no decision
 * is taken for the size that happens to be traced.
 */
import { backend, type BindingAttribute } from './backend.js';
import * as tf from './loading/library.js';
import { currentListener, withListener } from './mended/op-listener.js';
import { attribute } from './run-op.js';

/** A number of pixels, rows or elements: a number, or an int32 scalar. */
export type Size = number | tf.Tensor;

/** A size of a tensor: a number; while traced, an int32 scalar. */
export function sizeAlong(x: tf.Tensor, axis: number): Size {
  return currentListener() ? sizeTensor(x, axis) : (x.shape[axis] ?? 0);
}

/** A size of a tensor as an int32 scalar. */
export function sizeTensor(x: tf.Tensor, axis: number): tf.Scalar {
  if (!currentListener()) return int(x.shape[axis] ?? 0);
  const types = [attribute.type('T', x.dtype), attribute.type('out_type', 'int32')];
  const shape = backend.executeSingleOutput('Shape', types, [x]);
  const at = (position: number) => tf.tensor1d([position], 'int32');
  const masks = ['begin', 'end', 'ellipsis', 'new_axis'].map((name) => attribute.int(`${name}_mask`, 0));
  return backend.executeSingleOutput(
    'StridedSlice',
    [attribute.type('T', 'int32'), attribute.type('Index', 'int32'), ...masks, attribute.int('shrink_axis_mask', 1)],
    [shape, at(axis), at(axis + 1), at(1)],
  ) as tf.Scalar;
}

/** A size as an int32 scalar. */
export function asTensor(size: Size): tf.Tensor {
  return typeof size === 'number' ? int(size) : size;
}

function int(value: number): tf.Scalar {
  return tf.scalar(value, 'int32');
}

function operation(ofNumbers: (a: number, b: number) => number, ofTensors: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor) {
  return (a: Size, b: Size): Size =>
    typeof a === 'number' && typeof b === 'number' ? ofNumbers(a, b) : ofTensors(asTensor(a), asTensor(b));
}

/** Whole numbers, as JavaScript or the graph computes them. */
export const sizes = {
  add: operation((a, b) => a + b, tf.add),
  sub: operation((a, b) => a - b, tf.sub),
  mul: operation((a, b) => a * b, tf.mul),
  /** Rounded down, `b` above 0. */
  floorDiv: operation((a, b) => Math.floor(a / b), tf.floorDiv),
  minimum: operation(Math.min, tf.minimum),
  maximum: operation(Math.max, tf.maximum),
};

/** Sizes as one int32 vector. */
function vector(all: readonly Size[]): tf.Tensor1D {
  const numbers = all.filter((size) => typeof size === 'number');
  if (numbers.length === all.length) return tf.tensor1d(numbers, 'int32');
  return tf.stack(all.map(asTensor)) as tf.Tensor1D;
}

/**
 * `a / b` of float32 scalars, 0 where `b` is 0. TensorFlow's graph optimizer turns a division by a constant into a product with its reciprocal, which
 * is a different number, and a different size once it is rounded. It leaves this op alone.
 */
export function exactQuotient(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return backend.executeSingleOutput('DivNoNan', [attribute.type('T', 'float32')], [a, b]);
}

/** 0, 1, 2, ..., int32. */
export function rangeTo(length: Size): tf.Tensor1D {
  if (typeof length === 'number') return tf.range(0, length, 1, 'int32');
  const inputs = [int(0), length, int(1)];
  return run('Range', [attribute.type('Tidx', 'int32')], inputs, [length], 'int32') as tf.Tensor1D;
}

/** Like `tf.slice`, with gradients. A size of -1 means everything that is left. */
export function sliceOf<T extends tf.Tensor>(x: T, begin: readonly Size[], size: readonly Size[]): T {
  return withGradient(x, begin, {
    forward: (input) => {
      const types = [attribute.type('T', input.dtype), attribute.type('Index', 'int32')];
      const result = size.map((each, axis) => (each === -1 ? leftOf(input, begin, axis) : each));
      return run('Slice', types, [input, vector(begin), vector(size)], result, input.dtype);
    },
    backward: (dy, input, first) =>
      padOf(
        dy,
        first.map((before, axis) => {
          const after = sizes.sub(sizes.sub(sizeAlong(input, axis), before), sizeAlong(dy, axis));
          return [before, after] as const;
        }),
      ),
  });
}

function leftOf(x: tf.Tensor, begin: readonly Size[], axis: number): Size {
  const before = begin[axis] ?? 0;
  return before === 0 ? (x.shape[axis] ?? 0) : sizes.sub(sizeAlong(x, axis), before);
}

/** Like `tf.pad`, with gradients. */
export function padOf<T extends tf.Tensor>(x: T, paddings: readonly (readonly [Size, Size])[], value = 0): T {
  const first = paddings.map(([before]) => before);
  return withGradient(x, first, {
    forward: (input) => {
      const types = [attribute.type('T', input.dtype), attribute.type('Tpaddings', 'int32')];
      const pairs = tf.reshape(vector(paddings.flat()), [paddings.length, 2]);
      const result = paddings.map(([before, after], axis) =>
        before === 0 && after === 0
          ? (input.shape[axis] ?? 0)
          : sizes.add(sizes.add(sizeAlong(input, axis), before), after),
      );
      // Without a value to pad with, bytes stay bytes in a graph.
      if (value === 0) return run('Pad', types, [input, pairs], result, input.dtype);
      return run('PadV2', types, [input, pairs, tf.scalar(value, input.dtype)], result, input.dtype);
    },
    backward: (dy, input, before) =>
      sliceOf(
        dy,
        before,
        input.shape.map((_, axis) => sizeAlong(input, axis)),
      ),
  });
}

/** How pictures are resized: pixel centers at half, no smoothing when made smaller. */
export type ResizeMethod = 'bilinear' | 'nearest';

/**
 * Resizes pictures [b, h, w, c] to a height and a width; `antialiased` is `bilinear` with every pixel of a picture that is made smaller.
 *
 * @returns float32, but for `nearest` the type of the pictures.
 */
export function resizeTo(
  images: tf.Tensor4D,
  size: readonly [Size, Size],
  method: ResizeMethod | 'antialiased',
  halfPixelCenters = true,
): tf.Tensor4D {
  if (method === 'antialiased') return resizeSmoothly(images, size);
  const op = method === 'bilinear' ? 'ResizeBilinear' : 'ResizeNearestNeighbor';
  const options = [attribute.bool('align_corners', false), attribute.bool('half_pixel_centers', halfPixelCenters)];
  return withGradient(images, [], {
    forward: (input) => {
      const attributes = [attribute.type('T', input.dtype), ...options];
      const dtype = method === 'bilinear' ? 'float32' : input.dtype;
      return run(op, attributes, [input, vector(size)], resizedShape(input, size), dtype);
    },
    backward: (dy, input) => {
      const of = method === 'bilinear' ? input : vector([sizeAlong(input, 1), sizeAlong(input, 2)]);
      return run(`${op}Grad`, [attribute.type('T', 'float32'), ...options], [dy, of], input.shape, 'float32');
    },
  });
}

function resizedShape({ shape }: tf.Tensor, [height, width]: readonly [Size, Size]): Size[] {
  const [batch = 0, , , channels = 0] = shape;
  return [batch, height, width, channels];
}

/** Like `tf.image.resize(antialias=True)` (tensorflow/python/ops/image_ops_impl.py): a triangle as wide as the pixels of the smaller picture. */
function resizeSmoothly(images: tf.Tensor4D, size: readonly [Size, Size]): tf.Tensor4D {
  const kernel = [attribute.string('kernel_type', 'triangle'), attribute.bool('antialias', true)];
  const placed = (input: tf.Tensor) => {
    const scale = tf.div(
      tf.cast(vector(size), 'float32'),
      tf.cast(vector([sizeAlong(input, 1), sizeAlong(input, 2)]), 'float32'),
    );
    return [scale, tf.tensor1d([0, 0])];
  };
  return withGradient(images, [], {
    forward: (input) => {
      const attributes = [attribute.type('T', input.dtype), ...kernel];
      const inputs = [input, vector(size), ...placed(input)];
      return run('ScaleAndTranslate', attributes, inputs, resizedShape(input, size), 'float32');
    },
    backward: (dy, input) =>
      run(
        'ScaleAndTranslateGrad',
        [attribute.type('T', 'float32'), ...kernel],
        [dy, input, ...placed(input)],
        input.shape,
        'float32',
      ),
  });
}

interface WithGradient {
  readonly forward: (x: tf.Tensor) => tf.Tensor;
  readonly backward: (dy: tf.Tensor, x: tf.Tensor, known: readonly Size[]) => tf.Tensor;
}

/** Runs an op that is not a kernel of TF.js. The gradient gets the sizes that it needs as they are then: the caller's may be gone. */
function withGradient<T extends tf.Tensor>(x: T, known: readonly Size[], { forward, backward }: WithGradient): T {
  const isTensor = (size: Size): size is tf.Tensor => typeof size !== 'number';
  return tf.customGrad((...given) => {
    const [input, save] = given as unknown as [tf.Tensor, (tensors: tf.Tensor[]) => void];
    save([input, ...known.filter(isTensor)]);
    const gradFunc = (dy: tf.Tensor, [saved = input, ...tensors]: tf.Tensor[]) =>
      backward(
        dy,
        saved,
        known.map((size) => (isTensor(size) ? (tensors.shift() ?? size) : size)),
      );
    return { value: forward(input), gradFunc };
  })(x) as T;
}

/**
 * Runs an op whose result has sizes that are computed. While traced, sizes that come from values are not known: then it does not run, and
 * is recorded with a made-up result.
 */
function run(
  op: string,
  attributes: BindingAttribute[],
  inputs: tf.Tensor[],
  result: readonly Size[],
  dtype: tf.DataType,
): tf.Tensor {
  const listener = currentListener();
  const isOpen = (size: Size) => typeof size !== 'number' && listener?.dependsOnValues(size) === true;
  if (!listener || !result.some(isOpen)) return backend.executeSingleOutput(op, attributes, inputs);
  const shape = result.map((size) => (typeof size === 'number' ? size : listener.sampleSize(size)));
  const output = withListener(null, () => tf.zeros(shape, dtype));
  listener.onOp(op, attributes, inputs, [output]);
  return output;
}
