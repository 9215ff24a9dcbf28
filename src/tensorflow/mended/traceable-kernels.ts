/**
 * Kernels and gradients of TF.js that cannot be traced as they are.
 *
 * Run eagerly, they compute what they did before. The comment above each one says what it mends.
 */
import { SignetError } from '../../errors.js';
import { backend, type BindingAttribute } from '../backend.js';
import * as tf from '../loading/library.js';
import { attribute } from '../run-op.js';
import { currentListener, type OpListener, withListener } from './op-listener.js';
import { type KernelFunc, replacedGradient, replacedKernel } from './replaced.js';

type KernelParams = Parameters<KernelFunc>[0];

/** What a kernel does while it is traced; null to run tfjs-node's own. */
type WhileTraced = (params: KernelParams, listener: OpListener) => ReturnType<KernelFunc> | null;

/** Makes a kernel do something else while it is traced. */
function whileTraced(kernelName: string, traced: WhileTraced): void {
  replacedKernel(kernelName, (original) => (params) => {
    const listener = currentListener();
    return (listener && traced(params, listener)) ?? original(params);
  });
}

/** The inputs of a kernel as tensors, which is what tfjs-node's kernels take them for. */
function inputsOf<Inputs>({ inputs }: KernelParams): Record<keyof Inputs, tf.Tensor> {
  return inputs as unknown as Record<keyof Inputs, tf.Tensor>;
}

/** Makes a tensor without the listener noticing. */
function sampleOf(make: () => tf.Tensor): tf.Tensor {
  return withListener(null, make);
}

/** Reports an op with a made-up result to the listener. The op did not run, because it refuses sample values. */
function recordUnrun(
  listener: OpListener,
  op: string,
  attributes: readonly BindingAttribute[],
  inputs: readonly tf.Tensor[],
  output: tf.Tensor,
): tf.Tensor {
  listener.onOp(op, attributes, inputs, [output]);
  return output;
}

const typeOf = (name: string, { dtype }: Pick<tf.Tensor, 'dtype'>) => attribute.type(name, dtype);

/** tfjs-node reads the indices to check them. In a graph TensorFlow checks them, on a CPU; a GPU gives zeros. */
whileTraced('GatherV2', (params) => {
  const { x, indices } = inputsOf<tf.GatherV2Inputs>(params);
  const attrs = params.attrs as unknown as tf.GatherV2Attrs;
  tf.backend_util.segment_util.collectGatherOpShapeInfo(x, indices, attrs.axis, attrs.batchDims);
  const attributes = [
    attribute.int('batch_dims', attrs.batchDims),
    typeOf('Tparams', x),
    typeOf('Tindices', indices),
    attribute.type('Taxis', 'int32'),
  ];
  return backend.executeSingleOutput('GatherV2', attributes, [x, indices, tf.scalar(attrs.axis, 'int32')]);
});

/** tfjs-node gives the type that the input had before its cast to float32, which eager execution overlooks and a graph does not. */
replacedKernel('Mean', (original) => (params) => {
  const { x: given } = inputsOf<tf.MeanInputs>(params);
  if (given.dtype === 'float32') return original(params);
  const x = tf.cast(given, 'float32');
  try {
    return original({ ...params, inputs: { x } });
  } finally {
    x.dispose();
  }
});

/** tfjs-node leaves out `index_type`, whose default the tape does not know. */
whileTraced('TopK', (params) => {
  const { x } = inputsOf<tf.TopKInputs>(params);
  const attrs = params.attrs as unknown as tf.TopKAttrs;
  const attributes = [
    attribute.bool('sorted', attrs.sorted),
    typeOf('T', x),
    attribute.type('Tk', 'int32'),
    attribute.type('index_type', 'int32'),
  ];
  return backend.executeMultipleOutputs('TopKV2', attributes, [x, tf.scalar(attrs.k, 'int32')], 2);
});

/** TF.js shows uint8 and int64 as int32, and tfjs-node gives that as the type of the source; the tape knows the real one. */
whileTraced('Cast', (params) => {
  const { x } = inputsOf<tf.CastInputs>(params);
  const { dtype } = params.attrs as unknown as tf.CastAttrs;
  return backend.executeSingleOutput('Cast', [typeOf('DstT', { dtype }), attribute.bool('Truncate', false)], [x]);
});

/** The sample indices are all 0, and indices that are equal are refused. */
whileTraced('SparseToDense', (params, listener) => {
  const { sparseIndices, sparseValues, defaultValue } = inputsOf<tf.SparseToDenseInputs>(params);
  const { outputShape } = params.attrs as unknown as tf.SparseToDenseAttrs;
  const attributes = [
    attribute.bool('validate_indices', true),
    typeOf('T', sparseValues),
    typeOf('Tindices', sparseIndices),
  ];
  const shape = tf.tensor1d(outputShape, 'int32');
  const output = sampleOf(() => tf.zeros(outputShape, sparseValues.dtype));
  return recordUnrun(listener, 'SparseToDense', attributes, [sparseIndices, shape, sparseValues, defaultValue], output);
});

/** The sample of a divisor is 0, by which whole numbers cannot be divided. */
for (const [kernel, op] of [
  ['FloorDiv', 'FloorDiv'],
  ['Mod', 'FloorMod'],
] as const) {
  // prettier-ignore
  whileTraced(kernel, (params, listener) => {
    const { a, b } = inputsOf<tf.FloorDivInputs>(params);
    if (a.dtype !== 'int32' || b.dtype !== 'int32' || !listener.dependsOnValues(b)) return null;
    const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const output = sampleOf(() => tf.zeros(shape, 'int32'));
    return recordUnrun(listener, op, [attribute.type('T', 'int32')], [a, b], output);
  });
}

/**
 * tfjs-node makes an empty range by another op, zeros, so that sizes with and without elements would have different traces. TensorFlow's Range is
 * empty by itself where it stops at its start. If the step is 1 and the stop is less than the start, tfjs-node counts down: that case is left to it.
 */
whileTraced('Range', (params) => {
  const { start, stop, step, dtype } = params.attrs as unknown as tf.RangeAttrs;
  if (step === 1 && stop < start) return null;
  const end = (stop - start) * step < 0 ? start : stop;
  const bounds = [start, end, step].map((value) => tf.scalar(value, dtype));
  return backend.executeSingleOutput('Range', [attribute.type('Tidx', dtype)], bounds);
});

/** How long these results are depends on values, which a trace does not have: sizes computed from them would be wrong. */
for (const kernel of ['Unique', 'NonMaxSuppressionV3', 'NonMaxSuppressionV5']) {
  whileTraced(kernel, () => {
    throw new SignetError(
      'NOT_TRACEABLE',
      `${kernel} has a result whose size depends on values, so no size that follows could be known. Call it outside of the tf function.`,
    );
  });
}

/** TF.js has made `maxOutputSize` the smaller of itself and the number of boxes: where they are equal, the first is lost. */
whileTraced('NonMaxSuppressionV4', (params) => {
  const [boxes = 0] = inputsOf<tf.NonMaxSuppressionV4Inputs>(params).boxes.shape;
  const attrs = params.attrs as unknown as tf.NonMaxSuppressionV4Attrs;
  if (attrs.padToMaxOutputSize && attrs.maxOutputSize < boxes) return null;
  throw new SignetError(
    'NOT_TRACEABLE',
    `NonMaxSuppressionV4 is traced only with padToMaxOutputSize and a maxOutputSize below the number of boxes. ` +
      `Received: padToMaxOutputSize ${attrs.padToMaxOutputSize}, ${boxes} boxes while tracing. Fix their number in the signature.`,
  );
});

/**
 * TF.js adds up slices in a loop that is as long as `reps` and knows ranks up to 4; `reps` may be a size (`broadcastTo`).
 */
replacedGradient('Tile', () => ({
  kernelName: 'Tile',
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attrs) => {
    const [x] = saved;
    if (!x || Array.isArray(dy)) throw new Error('unreachable: Tile has one input and one output');
    const reps = attrs.reps as number[];
    const tiled = reps.flatMap((count, axis) => (count === 1 ? [] : [axis]));
    // Every repeated axis becomes two: which repetition, and where in it.
    const split = x.shape.flatMap((size, axis) => (reps[axis] === 1 ? [size] : [reps[axis] ?? 1, size]));
    const repetitions = tiled.map((axis, i) => axis + i);
    return { x: () => (tiled.length === 0 ? dy.clone() : tf.sum(tf.reshape(dy, split), repetitions)) };
  },
}));
