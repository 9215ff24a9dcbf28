import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { type FlatNode, notExportable, valueOf } from '../flat-graph.js';
import type { OnnxAttributes, OnnxGraph } from './onnx-graph.js';
import { TensorProto_DataType } from './protos/onnx_pb.js';

/** Adds the nodes that compute what a TensorFlow op computes, and gives its outputs their names. */
export type NodeConverter = (graph: OnnxGraph, node: FlatNode) => void;

/** Returns a constant that an op must have. @throws SignetError `NOT_EXPORTABLE`. */
export function fixed(graph: OnnxGraph, node: FlatNode, input: number, what: string): TensorValue {
  const constant = graph.constant(node.inputs[input]);
  if (constant) return constant;
  throw notExportable(
    node,
    'An ONNX file',
    `its ${what} would have to be a constant`,
    `Give it numbers of the code, or what is computed from them alone; a GraphModel (tfjs) takes computed ones.`,
  );
}

/** Returns numbers that must be constant. @throws SignetError `NOT_EXPORTABLE`. */
export function fixedNumbers(graph: OnnxGraph, node: FlatNode, input: number, what: string): number[] {
  return Array.from(fixed(graph, node, input, what).values as Int32Array, Number);
}

/** Returns sizes or positions as int64, which ONNX has them in. */
export function asInt64(graph: OnnxGraph, value: string): string {
  const numbers = graph.numbers(value);
  return numbers
    ? graph.int64(numbers, graph.constant(value)?.shape)
    : graph.add('Cast', [graph.get(value)], { to: TensorProto_DataType.INT64 });
}

/** Makes a converter of an op that has the same name and inputs everywhere; it keeps the layout of a single input. */
export function same(op: string, attributes: OnnxAttributes = {}): NodeConverter {
  return elementwise((graph, input) => graph.add(op, [input], attributes));
}

/** Makes a converter of an op that computes each element by itself. */
export function elementwise(compute: (graph: OnnxGraph, input: string, node: FlatNode) => string): NodeConverter {
  return (graph, node) => {
    const [input = ''] = node.inputs;
    if (graph.isChannelsFirst(input)) {
      graph.setChannelsFirst(valueOf(node), compute(graph, graph.getChannelsFirst(input), node));
    } else graph.set(valueOf(node), compute(graph, graph.get(input), node));
  };
}
