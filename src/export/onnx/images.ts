import type { TensorValue } from '../../tensorflow/tensor-value.js';
import {
  type FlatNode,
  notExportable,
  numberAttribute,
  numbersAttribute,
  switchAttribute,
  textAttribute,
  valueOf,
} from '../flat-graph.js';
import { asInt64, fixed, fixedNumbers, type NodeConverter } from './node-converter.js';
import { float, type OnnxAttributes, type OnnxGraph } from './onnx-graph.js';

/** Numbers of height and width among the four of NHWC. */
function ofPicture(values: readonly number[]): number[] {
  return [values[1] ?? 1, values[2] ?? 1];
}

/** How a window slides: strides, dilations and padding as ONNX writes them. */
function windowAttributes(node: FlatNode, kernel: readonly number[]): OnnxAttributes {
  if (textAttribute(node, 'data_format', 'NHWC') !== 'NHWC') {
    throw notExportable(
      node,
      'An ONNX file',
      'it has its channels first',
      'Build the network with channels last, the default of Keras and TF.js.',
    );
  }
  const strides = ofPicture(numbersAttribute(node, 'strides', [1, 1, 1, 1]));
  const dilations = ofPicture(numbersAttribute(node, 'dilations', [1, 1, 1, 1]));
  // Pools have no dilations.
  const spread = dilations.some((dilation) => dilation > 1) && { dilations };
  return { strides, ...spread, ...padding(node, kernel, strides, dilations) };
}

function padding(node: FlatNode, kernel: readonly number[], strides: readonly number[], dilations: readonly number[]) {
  const kind = textAttribute(node, 'padding', 'VALID');
  const isDilated = dilations.some((dilation) => dilation > 1);
  if (kind === 'SAME' && isDilated) return dilatedPads(node, kernel, strides, dilations);
  if (kind !== 'EXPLICIT') return { auto_pad: kind === 'SAME' ? 'SAME_UPPER' : 'VALID' };
  const pads = numbersAttribute(node, 'explicit_paddings', []);
  // [before, after] for each of N, H, W, C becomes [top, left, bottom, right].
  return { pads: [pads[2] ?? 0, pads[4] ?? 0, pads[3] ?? 0, pads[5] ?? 0] };
}

/** ONNX Runtime finds no padding for dilated windows; where they move by one, it is the same at every size. */
function dilatedPads(
  node: FlatNode,
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
) {
  if (strides.some((stride) => stride > 1)) {
    throw notExportable(
      node,
      'An ONNX file',
      'it has strides and dilations and the padding "same"',
      'Pad before it, and use the padding "valid".',
    );
  }
  const total = kernel.map((size, i) => (size - 1) * (dilations[i] ?? 1));
  const before = total.map((each) => Math.floor(each / 2));
  return { pads: [...before, ...total.map((each, i) => each - (before[i] ?? 0))] };
}

/** Height and width of a filter. */
function kernelOf(graph: OnnxGraph, filter: string): number[] {
  const [height, width] = graph.shape(filter);
  return [height ?? 1, width ?? 1];
}

/** TensorFlow's filters are [h, w, in, out], ONNX's [out, in, h, w]. */
function filterOutFirst(graph: OnnxGraph, value: string): string {
  const constant = graph.constant(value);
  return constant
    ? graph.initializer(transposed(constant, [3, 2, 0, 1]), `${value}/out_first`)
    : graph.add('Transpose', [graph.get(value)], { perm: [3, 2, 0, 1] });
}

/** Permutes the dimensions of a constant. */
function transposed(value: TensorValue, perm: readonly number[]): TensorValue {
  const from = value.values as Float32Array;
  const shape = perm.map((axis) => value.shape[axis] ?? 1);
  const strides = value.shape.map((_, i) => value.shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const [a = 1, b = 1, c = 1, d = 1] = shape;
  const [sa = 0, sb = 0, sc = 0, sd = 0] = perm.map((axis) => strides[axis] ?? 0);
  const values = from.slice();
  let at = 0;
  for (let i = 0; i < a; i += 1)
    for (let j = 0; j < b; j += 1)
      for (let k = 0; k < c; k += 1)
        for (let l = 0; l < d; l += 1) values[at++] = from[i * sa + j * sb + k * sc + l * sd] ?? 0;
  return { ...value, shape, values };
}

const convolution: NodeConverter = (graph, node) => {
  const [input = '', filter = ''] = node.inputs;
  const channels = graph.shape(input)[3] ?? null;
  const [, , perGroup] = graph.shape(filter);
  const group = channels !== null && perGroup ? channels / perGroup : 1;
  const attributes = { ...windowAttributes(node, kernelOf(graph, filter)), group };
  graph.setChannelsFirst(
    valueOf(node),
    graph.add('Conv', [graph.getChannelsFirst(input), filterOutFirst(graph, filter)], attributes),
  );
};

/** Each channel has its own filters: a convolution with one group per channel. */
const depthwiseConvolution: NodeConverter = (graph, node) => {
  const [input = '', filter = ''] = node.inputs;
  const constant = fixed(graph, node, 1, 'filter');
  const [height = 1, width = 1, channels = 1, multiplier = 1] = constant.shape;
  const outFirst = transposed(constant, [2, 3, 0, 1]);
  const weights = graph.initializer(
    { ...outFirst, shape: [channels * multiplier, 1, height, width] },
    `${filter}/per_channel`,
  );
  const attributes = { ...windowAttributes(node, [height, width]), group: channels };
  graph.setChannelsFirst(valueOf(node), graph.add('Conv', [graph.getChannelsFirst(input), weights], attributes));
};

/** The gradient of a convolution to its input, which is what a transposed convolution computes. */
const transposedConvolution: NodeConverter = (graph, node) => {
  const [, filter = '', input = ''] = node.inputs;
  const kernel = kernelOf(graph, filter);
  const window = windowAttributes(node, kernel);
  const strides = ofPicture(numbersAttribute(node, 'strides', [1, 1, 1, 1]));
  // Windows that do not touch leave a rest behind the last one.
  const rest = strides.map((stride, i) => Math.max(0, stride - (kernel[i] ?? 1)));
  const attributes = { ...window, ...(window.auto_pad === 'VALID' && { output_padding: rest }) };
  graph.setChannelsFirst(
    valueOf(node),
    graph.add('ConvTranspose', [graph.getChannelsFirst(input), filterOutFirst(graph, filter)], attributes),
  );
};

function pool(op: string, more: OnnxAttributes = {}): NodeConverter {
  return (graph, node) => {
    const kernel = ofPicture(numbersAttribute(node, 'ksize', [1, 1, 1, 1]));
    const attributes = { ...windowAttributes(node, kernel), kernel_shape: kernel, ...more };
    graph.setChannelsFirst(valueOf(node), graph.add(op, [graph.getChannelsFirst(node.inputs[0] ?? '')], attributes));
  };
}

/** Which grid the pixels are taken from; source: tensorflow/core/util/image_resizer_state.h. */
function grid(node: FlatNode): string {
  if (switchAttribute(node, 'align_corners', false)) return 'align_corners';
  return switchAttribute(node, 'half_pixel_centers', false) ? 'half_pixel' : 'asymmetric';
}

function resize(graph: OnnxGraph, node: FlatNode, attributes: OnnxAttributes): void {
  const [input = '', size = ''] = node.inputs;
  const picture = toFloat(graph, graph.getChannelsFirst(input));
  // All four sizes: ONNX Runtime 1.30 moves a Transpose over a Resize wrongly where the attribute "axes" names two.
  const others = graph.add('Slice', [graph.add('Shape', [picture]), graph.int64([0]), graph.int64([2])]);
  const sizes = graph.add('Concat', [others, asInt64(graph, size)], { axis: 0 });
  graph.setChannelsFirst(valueOf(node), graph.add('Resize', [picture, '', '', sizes], attributes));
}

/** TensorFlow resizes pictures of any type into floats. */
function toFloat(graph: OnnxGraph, input: string): string {
  return graph.add('Cast', [input], { to: 1 });
}

const bilinear: NodeConverter = (graph, node) => {
  resize(graph, node, { mode: 'linear', coordinate_transformation_mode: grid(node) });
};

const nearest: NodeConverter = (graph, node) => {
  const coordinates = grid(node);
  const rounding = coordinates === 'asymmetric' ? 'floor' : 'round_prefer_ceil';
  resize(graph, node, { mode: 'nearest', coordinate_transformation_mode: coordinates, nearest_mode: rounding });
};

const localResponse: NodeConverter = (graph, node) => {
  const size = 2 * numberAttribute(node, 'depth_radius', 5) + 1;
  const attributes = {
    size,
    bias: float(numberAttribute(node, 'bias', 1)),
    // ONNX divides by the size of the window.
    alpha: float(numberAttribute(node, 'alpha', 1) * size),
    beta: float(numberAttribute(node, 'beta', 0.5)),
  };
  graph.setChannelsFirst(valueOf(node), graph.add('LRN', [graph.getChannelsFirst(node.inputs[0] ?? '')], attributes));
};

function blocks(op: string, more: OnnxAttributes = {}): NodeConverter {
  return (graph, node) => {
    const attributes = { blocksize: numberAttribute(node, 'block_size', 2), ...more };
    graph.setChannelsFirst(valueOf(node), graph.add(op, [graph.getChannelsFirst(node.inputs[0] ?? '')], attributes));
  };
}

const unfixedNormalization: NodeConverter = (graph, node) => {
  fixedNumbers(graph, node, 1, 'scale');
  throw notExportable(
    node,
    'An ONNX file',
    'it normalizes by the batch, as in training',
    'Export the function that predicts: a layer is applied without training, batchNorm takes constant statistics.',
  );
};

/** Ops on pictures. */
export const images: Readonly<Record<string, NodeConverter>> = {
  AvgPool: pool('AveragePool', { count_include_pad: 0 }),
  Conv2D: convolution,
  Conv2DBackpropInput: transposedConvolution,
  DepthToSpace: blocks('DepthToSpace', { mode: 'DCR' }),
  DepthwiseConv2dNative: depthwiseConvolution,
  FusedBatchNorm: unfixedNormalization,
  FusedBatchNormV2: unfixedNormalization,
  FusedBatchNormV3: unfixedNormalization,
  LRN: localResponse,
  MaxPool: pool('MaxPool'),
  ResizeBilinear: bilinear,
  ResizeNearestNeighbor: nearest,
  SpaceToDepth: blocks('SpaceToDepth'),
};
