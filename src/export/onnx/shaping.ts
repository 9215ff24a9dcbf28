import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import {
  type FlatNode,
  notExportable,
  numberAttribute,
  numbersAttribute,
  textAttribute,
  typeAttribute,
  valueOf,
} from '../flat-graph.js';
import { asInt64, fixedNumbers, type NodeConverter } from './node-converter.js';
import { type OnnxGraph, onnxTypes, placeInChannelsFirst } from './onnx-graph.js';
import { TensorProto_DataType } from './protos/onnx_pb.js';
import { dtypeOf } from '../../tensorflow/data-type.js';

const first = ({ inputs }: FlatNode) => inputs[0] ?? '';
const { INT32 } = TensorProto_DataType;
/** Past the end of any dimension. */
const end = 2 ** 31 - 1;

/** Gives sizes the type that TensorFlow has them in. */
function asSizes(graph: OnnxGraph, node: FlatNode, sizes: string): string {
  return typeAttribute(node, 'out_type') === DataType.DT_INT64 ? sizes : graph.add('Cast', [sizes], { to: INT32 });
}

function positive(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

const reshape: NodeConverter = (graph, node) => {
  // Without allowzero, ONNX copies a size where TensorFlow's is 0.
  graph.set(
    valueOf(node),
    graph.add('Reshape', [graph.get(first(node)), asInt64(graph, node.inputs[1] ?? '')], { allowzero: 1 }),
  );
};

const squeeze: NodeConverter = (graph, node) => {
  const given = numbersAttribute(node, 'squeeze_dims', []);
  const axes = given.length > 0 ? given : graph.shape(first(node)).flatMap((size, i) => (size === 1 ? [i] : []));
  graph.set(valueOf(node), graph.add('Squeeze', [graph.get(first(node)), graph.int64(axes)]));
};

const expand: NodeConverter = (graph, node) => {
  const axes = graph.int64(fixedNumbers(graph, node, 1, 'dimension').slice(0, 1));
  graph.set(valueOf(node), graph.add('Unsqueeze', [graph.get(first(node)), axes]));
};

const transpose: NodeConverter = (graph, node) => {
  const perm = fixedNumbers(graph, node, 1, 'permutation');
  graph.set(valueOf(node), graph.add('Transpose', [graph.get(first(node))], { perm }));
};

const concat: NodeConverter = (graph, node) => {
  const inputs = node.inputs.slice(0, -1);
  const [given = 0] = fixedNumbers(graph, node, inputs.length, 'dimension');
  const rank = graph.rank(inputs[0] ?? '');
  const axis = positive(given, rank);
  if (rank === 4 && inputs.some((input) => graph.isChannelsFirst(input))) {
    const all = inputs.map((input) => graph.getChannelsFirst(input));
    graph.setChannelsFirst(valueOf(node), graph.add('Concat', all, { axis: placeInChannelsFirst[axis] ?? axis }));
    return;
  }
  graph.set(
    valueOf(node),
    graph.add(
      'Concat',
      inputs.map((input) => graph.get(input)),
      { axis },
    ),
  );
};

const pack: NodeConverter = (graph, node) => {
  const axis = positive(numberAttribute(node, 'axis', 0), graph.rank(first(node)) + 1);
  const parts = node.inputs.map((input) => graph.add('Unsqueeze', [graph.get(input), graph.int64([axis])]));
  graph.set(valueOf(node), graph.add('Concat', parts, { axis }));
};

const unpack: NodeConverter = (graph, node) => {
  const axis = numberAttribute(node, 'axis', 0);
  const count = numberAttribute(node, 'num', 1);
  const sizes = graph.int64(new Array<number>(count).fill(1));
  const parts = graph.addWith('Split', [graph.get(first(node)), sizes], { axis }, count);
  parts.forEach((part, i) => graph.set(valueOf(node, i), graph.add('Squeeze', [part, graph.int64([axis])])));
};

const split: NodeConverter = (graph, node) => {
  const [axis = 0] = fixedNumbers(graph, node, 0, 'dimension');
  const count = numberAttribute(node, 'num_split', 1);
  const parts = graph.addWith('Split', [graph.get(node.inputs[1] ?? '')], { axis, num_outputs: count }, count);
  parts.forEach((part, i) => graph.set(valueOf(node, i), part));
};

const splitBySizes: NodeConverter = (graph, node) => {
  const [axis = 0] = fixedNumbers(graph, node, 2, 'dimension');
  const sizes = fixedNumbers(graph, node, 1, 'sizes');
  const whole = graph.shape(first(node))[positive(axis, graph.rank(first(node)))] ?? null;
  if (sizes.includes(-1) && whole === null)
    throw notExportable(node, 'An ONNX file', 'one of its sizes is left open', 'Give all sizes.');
  const known = sizes.map((size) => (size === -1 ? (whole ?? 0) - sizes.reduce((a, b) => a + b, 1) : size));
  const parts = graph.addWith('Split', [graph.get(first(node)), graph.int64(known)], { axis }, sizes.length);
  parts.forEach((part, i) => graph.set(valueOf(node, i), part));
};

const slice: NodeConverter = (graph, node) => {
  const [, begin = '', size = ''] = node.inputs;
  const sizes = graph.numbers(size);
  const begins = graph.numbers(begin);
  const starts = asInt64(graph, begin);
  const ends =
    begins && sizes
      ? graph.int64(begins.map((from, i) => (sizes[i] === -1 ? end : from + (sizes[i] ?? 0))))
      : endsOf(graph, starts, sizes, size);
  graph.set(valueOf(node), graph.add('Slice', [graph.get(first(node)), starts, ends]));
};

/** Ends that are computed; a size of -1 goes to the end. */
function endsOf(graph: OnnxGraph, starts: string, sizes: readonly number[] | undefined, size: string): string {
  if (sizes) return graph.add('Add', [starts, graph.int64(sizes.map((each) => (each === -1 ? end : each)))]);
  const length = asInt64(graph, size);
  const isOpen = graph.add('Equal', [length, graph.int64([-1])]);
  return graph.add('Where', [isOpen, graph.int64([end]), graph.add('Add', [starts, length])]);
}

const bit = (mask: number, at: number) => ((mask >> at) & 1) === 1;

/** Source of the masks: `StridedSlice` in tensorflow/core/ops/array_ops.cc and tensorflow/core/util/strided_slice_op.cc. */
const stridedSlice: NodeConverter = (graph, node) => {
  const [input = '', begin = '', stop = ''] = node.inputs;
  const strides = fixedNumbers(graph, node, 3, 'strides');
  const mask = (name: string) => numberAttribute(node, name, 0);
  const [ellipsis, newAxis, shrink] = [mask('ellipsis_mask'), mask('new_axis_mask'), mask('shrink_axis_mask')];
  const rank = graph.rank(input);
  const axes: { readonly axis: number; readonly at: number }[] = [];
  const squeezed: number[] = [];
  const inserted: number[] = [];
  let axis = 0;
  let outputAxis = 0;
  const consumed = strides.filter((_, at) => !bit(ellipsis, at) && !bit(newAxis, at)).length;
  strides.forEach((_, at) => {
    if (bit(ellipsis, at)) {
      axis += rank - consumed;
      outputAxis += rank - consumed;
    } else if (bit(newAxis, at)) {
      inserted.push(outputAxis);
      outputAxis += 1;
    } else {
      axes.push({ axis, at });
      if (bit(shrink, at)) squeezed.push(axis);
      else outputAxis += 1;
      axis += 1;
    }
  });
  const starts = bounds(graph, begin, axes, (at) =>
    bit(mask('begin_mask'), at) && !bit(shrink, at) ? ((strides[at] ?? 1) < 0 ? end : 0) : null,
  );
  const shrunk = (at: number) => bit(shrink, at);
  const open = (at: number) =>
    bit(mask('end_mask'), at) && !shrunk(at) ? ((strides[at] ?? 1) < 0 ? -end : end) : null;
  const ends = shrink === 0 ? bounds(graph, stop, axes, open) : endsAfter(graph, { begin, stop, axes, shrunk, open });
  const steps = graph.int64(axes.map(({ at }) => (bit(shrink, at) ? 1 : (strides[at] ?? 1))));
  let result = graph.get(input);
  if (axes.length > 0)
    result = graph.add('Slice', [result, starts, ends, graph.int64(axes.map((each) => each.axis)), steps]);
  if (squeezed.length > 0) result = graph.add('Squeeze', [result, graph.int64(squeezed)]);
  if (inserted.length > 0) result = graph.add('Unsqueeze', [result, graph.int64(inserted)]);
  graph.set(valueOf(node), result);
};

interface SlicedAxes {
  readonly begin: string;
  readonly stop: string;
  readonly axes: readonly { readonly axis: number; readonly at: number }[];
  readonly shrunk: (at: number) => boolean;
  readonly open: (at: number) => number | null;
}

/** Bounds of the dimensions that are sliced: fixed where a mask says so, else the given numbers. */
function bounds(
  graph: OnnxGraph,
  value: string,
  axes: SlicedAxes['axes'],
  fixedAt: (at: number) => number | null,
): string {
  const numbers = graph.numbers(value);
  if (numbers) return graph.int64(axes.map(({ at }) => fixedAt(at) ?? numbers[at] ?? 0));
  const all = asInt64(graph, value);
  const parts = axes.map(({ at }) => {
    const known = fixedAt(at);
    return known === null ? graph.add('Slice', [all, graph.int64([at]), graph.int64([at + 1])]) : graph.int64([known]);
  });
  return parts.length === 1 ? (parts[0] ?? '') : graph.add('Concat', parts, { axis: 0 });
}

/** A dimension that is dropped has one element: it ends after its beginning, and -1 at the end. */
function endsAfter(graph: OnnxGraph, { begin, stop, axes, shrunk, open }: SlicedAxes): string {
  const parts = axes.map((each) => {
    if (!shrunk(each.at)) return bounds(graph, stop, [each], open);
    const [from] = graph.numbers(begin)?.slice(each.at) ?? [];
    if (from !== undefined) return graph.int64([from === -1 ? end : from + 1]);
    return graph.add('Add', [bounds(graph, begin, [each], () => null), graph.int64([1])]);
  });
  return parts.length === 1 ? (parts[0] ?? '') : graph.add('Concat', parts, { axis: 0 });
}

const gather: NodeConverter = (graph, node) => {
  const [input = '', indices = ''] = node.inputs;
  const axis = node.inputs.length > 2 ? (fixedNumbers(graph, node, 2, 'dimension')[0] ?? 0) : 0;
  if (numberAttribute(node, 'batch_dims', 0) !== 0)
    throw notExportable(
      node,
      'An ONNX file',
      'it gathers within batches',
      'Gather without batchDims, or multiply by a oneHot.',
    );
  graph.set(valueOf(node), graph.add('Gather', [graph.get(input), graph.get(indices)], { axis }));
};

const gatherNd: NodeConverter = (graph, node) => {
  const [input = '', indices = ''] = node.inputs;
  graph.set(valueOf(node), graph.add('GatherND', [graph.get(input), asInt64(graph, indices)]));
};

/** ONNX Runtime's OneHot lacks most combinations of types. */
const oneHot: NodeConverter = (graph, node) => {
  const [indices = '', depth = '', on = '', off = ''] = node.inputs;
  const axis = numberAttribute(node, 'axis', -1);
  if (axis !== -1 && axis !== graph.rank(indices)) {
    throw notExportable(
      node,
      'An ONNX file',
      'its new dimension is not the last',
      'Leave out the axis, and transpose the result.',
    );
  }
  const numbers = graph.add('Unsqueeze', [asInt64(graph, indices), graph.int64([-1])]);
  const all = graph.add('Range', [graph.int64([0], []), asInt64(graph, depth), graph.int64([1], [])]);
  const isIt = graph.add('Equal', [numbers, all]);
  graph.set(valueOf(node), graph.add('Where', [isIt, graph.get(on), graph.get(off)]));
};

const tile: NodeConverter = (graph, node) => {
  graph.set(valueOf(node), graph.add('Tile', [graph.get(first(node)), asInt64(graph, node.inputs[1] ?? '')]));
};

const fill: NodeConverter = (graph, node) => {
  const [sizes = '', value = ''] = node.inputs;
  graph.set(valueOf(node), graph.add('Expand', [graph.get(value), asInt64(graph, sizes)]));
};

const broadcastTo: NodeConverter = (graph, node) => {
  graph.set(valueOf(node), graph.add('Expand', [graph.get(first(node)), asInt64(graph, node.inputs[1] ?? '')]));
};

function filledLike(number: number): NodeConverter {
  return (graph, node) => {
    const sizes = graph.add('Shape', [graph.get(first(node))]);
    const dtype = dtypeOf(typeAttribute(node, 'T') ?? 0) ?? 'float32';
    const value = graph.add('Cast', [graph.scalar(number)], { to: onnxTypes[dtype] });
    graph.set(valueOf(node), graph.add('Expand', [value, sizes]));
  };
}

const shape: NodeConverter = (graph, node) =>
  graph.set(valueOf(node), asSizes(graph, node, graph.add('Shape', [graph.get(first(node))])));
const size: NodeConverter = (graph, node) =>
  graph.set(valueOf(node), asSizes(graph, node, graph.add('Size', [graph.get(first(node))])));
const rank: NodeConverter = (graph, node) =>
  graph.set(
    valueOf(node),
    graph.initializer({ dtype: 'int32', shape: [], values: Int32Array.of(graph.rank(first(node))) }),
  );

const range: NodeConverter = (graph, node) => {
  graph.set(
    valueOf(node),
    graph.add(
      'Range',
      node.inputs.map((input) => graph.get(input)),
    ),
  );
};

/** Pads are [before, after] for each dimension in TensorFlow, all befores and then all afters in ONNX. */
function pads(graph: OnnxGraph, node: FlatNode, order: readonly number[]): string {
  const constant = graph.numbers(node.inputs[1]);
  if (constant) return graph.int64([0, 1].flatMap((side) => order.map((axis) => constant[axis * 2 + side] ?? 0)));
  const flat = graph.add('Transpose', [asInt64(graph, node.inputs[1] ?? '')], { perm: [1, 0] });
  return graph.add('Reshape', [flat, graph.int64([-1])]);
}

function pad(mode: (node: FlatNode) => string): NodeConverter {
  return (graph, node) => {
    const [input = '', , value] = node.inputs;
    const more = value === undefined ? [] : [graph.get(value)];
    if (graph.isChannelsFirst(input) && graph.constant(node.inputs[1])) {
      const inputs = [graph.getChannelsFirst(input), pads(graph, node, [0, 3, 1, 2]), ...more];
      graph.setChannelsFirst(valueOf(node), graph.add('Pad', inputs, { mode: mode(node) }));
      return;
    }
    const order = Array.from({ length: graph.rank(input) }, (_, i) => i);
    graph.set(
      valueOf(node),
      graph.add('Pad', [graph.get(input), pads(graph, node, order), ...more], { mode: mode(node) }),
    );
  };
}

function mirror(node: FlatNode): string {
  if (textAttribute(node, 'mode', 'REFLECT') === 'REFLECT') return 'reflect';
  throw notExportable(
    node,
    'An ONNX file',
    'it mirrors the border too (SYMMETRIC)',
    'Use mirrorPad with the mode "reflect".',
  );
}

const reverse: NodeConverter = (graph, node) => {
  const axes = fixedNumbers(graph, node, 1, 'dimensions');
  const all = (value: number) => graph.int64(axes.map(() => value));
  graph.set(
    valueOf(node),
    graph.add('Slice', [graph.get(first(node)), all(-1), all(-end), graph.int64(axes), all(-1)]),
  );
};

/** Ops that move elements and tell sizes. */
export const shaping: Readonly<Record<string, NodeConverter>> = {
  BroadcastTo: broadcastTo,
  ConcatV2: concat,
  ExpandDims: expand,
  Fill: fill,
  Gather: gather,
  GatherNd: gatherNd,
  GatherV2: gather,
  MirrorPad: pad(mirror),
  OneHot: oneHot,
  OnesLike: filledLike(1),
  Pack: pack,
  Pad: pad(() => 'constant'),
  PadV2: pad(() => 'constant'),
  Range: range,
  Rank: rank,
  Reshape: reshape,
  ReverseV2: reverse,
  Shape: shape,
  Size: size,
  Slice: slice,
  Split: split,
  SplitV: splitBySizes,
  Squeeze: squeeze,
  StridedSlice: stridedSlice,
  Tile: tile,
  Transpose: transpose,
  Unpack: unpack,
  ZerosLike: filledLike(0),
};
