import { switchAttribute, type FlatNode, typeAttribute, valueOf } from '../flat-graph.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { fixedNumbers, type NodeConverter } from './node-converter.js';
import { type OnnxGraph, placeInChannelsFirst } from './onnx-graph.js';
import { TensorProto_DataType } from './protos/onnx_pb.js';

/** Makes a converter of a reduction over constant dimensions. */
function reduction(op: string): NodeConverter {
  return (graph, node) => {
    const [input = ''] = node.inputs;
    const keeps = switchAttribute(node, 'keep_dims', false);
    const rank = graph.rank(input);
    const axes = fixedNumbers(graph, node, 1, 'dimensions').map((axis) => (axis < 0 ? axis + rank : axis));
    const isWholePicture = rank === 4 && axes.length === 2 && axes.includes(1) && axes.includes(2);
    const stays = graph.isChannelsFirst(input) && (keeps || isWholePicture);
    const place = stays ? axes.map((axis) => placeInChannelsFirst[axis] ?? axis) : axes;
    const from = stays ? graph.getChannelsFirst(input) : graph.get(input);
    const result =
      axes.length === 0
        ? graph.add('Identity', [from])
        : graph.add(op, [from, graph.int64(place)], { keepdims: keeps ? 1 : 0 });
    if (stays && keeps) graph.setChannelsFirst(valueOf(node), result);
    else graph.set(valueOf(node), result);
  };
}

/** ONNX reduces no bools: 0 and 1 do as well. */
function boolReduction(op: string): NodeConverter {
  return (graph, node) => {
    const [input = ''] = node.inputs;
    const keepdims = switchAttribute(node, 'keep_dims', false) ? 1 : 0;
    const numbers = graph.add('Cast', [graph.get(input)], { to: TensorProto_DataType.INT32 });
    const axes = graph.int64(fixedNumbers(graph, node, 1, 'dimensions'));
    const result = graph.add(op, [numbers, axes], { keepdims });
    graph.set(valueOf(node), graph.add('Cast', [result], { to: TensorProto_DataType.BOOL }));
  };
}

function position(op: string): NodeConverter {
  return (graph, node) => {
    const [axis = 0] = fixedNumbers(graph, node, 1, 'dimension');
    const found = graph.add(op, [graph.get(node.inputs[0] ?? '')], { axis, keepdims: 0 });
    graph.set(valueOf(node), asIndex(graph, node, found, 'output_type'));
  };
}

/** ONNX's indices are int64; TensorFlow's are what the op says. */
function asIndex(graph: OnnxGraph, node: FlatNode, index: string, attribute: string): string {
  const isInt32 = typeAttribute(node, attribute) === DataType.DT_INT32;
  return isInt32 ? graph.add('Cast', [index], { to: TensorProto_DataType.INT32 }) : index;
}

const topK: NodeConverter = (graph, node) => {
  const [k = 1] = fixedNumbers(graph, node, 1, 'number k');
  const input = graph.get(node.inputs[0] ?? '');
  const sorted = switchAttribute(node, 'sorted', true) ? 1 : 0;
  const [values = '', indices = ''] = graph.addWith(
    'TopK',
    [input, graph.int64([k])],
    { axis: -1, largest: 1, sorted },
    2,
  );
  graph.set(valueOf(node), values);
  graph.set(valueOf(node, 1), graph.add('Cast', [indices], { to: TensorProto_DataType.INT32 }));
};

const cumulativeSum: NodeConverter = (graph, node) => {
  const [axis = 0] = fixedNumbers(graph, node, 1, 'dimension');
  const [exclusive, reverse] = [switchAttribute(node, 'exclusive', false), switchAttribute(node, 'reverse', false)];
  const at = graph.int64([axis], []);
  const attributes = { exclusive: Number(exclusive), reverse: Number(reverse) };
  graph.set(valueOf(node), graph.add('CumSum', [graph.get(node.inputs[0] ?? ''), at], attributes));
};

/** Ops that make fewer elements of many. */
export const reductions: Readonly<Record<string, NodeConverter>> = {
  All: boolReduction('ReduceMin'),
  Any: boolReduction('ReduceMax'),
  ArgMax: position('ArgMax'),
  ArgMin: position('ArgMin'),
  Cumsum: cumulativeSum,
  Max: reduction('ReduceMax'),
  Mean: reduction('ReduceMean'),
  Min: reduction('ReduceMin'),
  Prod: reduction('ReduceProd'),
  Sum: reduction('ReduceSum'),
  TopKV2: topK,
};
