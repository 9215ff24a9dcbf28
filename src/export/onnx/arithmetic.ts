import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import {
  type FlatNode,
  notExportable,
  numberAttribute,
  switchAttribute,
  textAttribute,
  typeAttribute,
  valueOf,
} from '../flat-graph.js';
import { elementwise, type NodeConverter, same } from './node-converter.js';
import { float, type OnnxGraph, onnxTypes } from './onnx-graph.js';
import { TensorProto_DataType } from './protos/onnx_pb.js';
import { dtypeOf } from '../../tensorflow/data-type.js';

type Compute = (graph: OnnxGraph, a: string, b: string, node: FlatNode) => string;

/** Makes a converter of an op of several inputs that are broadcast. */
function broadcast(compute: (graph: OnnxGraph, inputs: readonly string[], node: FlatNode) => string): NodeConverter {
  return (graph, node) => {
    if (node.inputs.some((input) => graph.isChannelsFirst(input))) {
      const inputs = node.inputs.map((input) => channelsFirst(graph, input));
      if (inputs.every((input) => input !== null)) {
        graph.setChannelsFirst(valueOf(node), compute(graph, inputs, node));
        return;
      }
    }
    graph.set(
      valueOf(node),
      compute(
        graph,
        node.inputs.map((input) => graph.get(input)),
        node,
      ),
    );
  };
}

/** Returns an operand so that it fits tensors whose channels come first; null where that would take more than a reshape. */
function channelsFirst(graph: OnnxGraph, input: string): string | null {
  const rank = graph.rank(input);
  if (rank === 4) return graph.getChannelsFirst(input);
  if (rank === 0) return graph.get(input);
  const constant = graph.constant(input);
  if (rank > 1 || !constant) return null;
  const [size = 1] = constant.shape;
  return size === 1
    ? graph.get(input)
    : graph.initializer({ ...constant, shape: [size, 1, 1] }, `${input}/channels_first`);
}

const binary = (compute: Compute): NodeConverter =>
  broadcast((graph, [a = '', b = ''], node) => compute(graph, a, b, node));
const two = (op: string): NodeConverter => binary((graph, a, b) => graph.add(op, [a, b]));
const not = (op: string): NodeConverter => binary((graph, a, b) => graph.add('Not', [graph.add(op, [a, b])]));

const add = two('Add');
const divide = two('Div');
const where = broadcast((graph, inputs) => graph.add('Where', inputs));

/** Whether an op computes with floats. */
function isFloat(node: FlatNode): boolean {
  return typeAttribute(node, 'T') === DataType.DT_FLOAT;
}

/** TensorFlow divides whole numbers down, ONNX towards zero. A double holds what an int32 does. */
const floorDivide: Compute = (graph, a, b, node) => {
  if (isFloat(node)) return graph.add('Floor', [graph.add('Div', [a, b])]);
  const [x, y] = [a, b].map((each) => graph.add('Cast', [each], { to: TensorProto_DataType.DOUBLE }));
  const quotient = graph.add('Floor', [graph.add('Div', [x ?? '', y ?? ''])]);
  return graph.add('Cast', [quotient], { to: elementType(typeAttribute(node, 'T'), node) });
};

const floorMod: Compute = (graph, a, b, node) => {
  if (!isFloat(node)) return graph.add('Mod', [a, b]);
  const quotient = graph.add('Floor', [graph.add('Div', [a, b])]);
  return graph.add('Sub', [a, graph.add('Mul', [quotient, b])]);
};

const squaredDifference: Compute = (graph, a, b) => {
  const difference = graph.add('Sub', [a, b]);
  return graph.add('Mul', [difference, difference]);
};

const divideNoNan: Compute = (graph, a, b) => {
  const zero = graph.scalar(0);
  const quotient = graph.add('Div', [a, b]);
  return graph.add('Where', [graph.add('Equal', [b, zero]), zero, quotient]);
};

function elementType(type: number | null, node: FlatNode): TensorProto_DataType {
  const known = type === null ? null : dtypeOf(type);
  if (known !== null && known !== 'string') return onnxTypes[known];
  throw notExportable(
    node,
    'An ONNX file',
    `it works on the type ${type === null ? 'unknown' : DataType[type]}`,
    'Cast to float32 before it.',
  );
}

const cast = elementwise((graph, input, node) =>
  graph.add('Cast', [input], { to: elementType(typeAttribute(node, 'DstT'), node) }),
);

/** A condition of rank 1 chooses rows. */
const select: NodeConverter = (graph, node) => {
  const [condition = '', first = ''] = node.inputs;
  const missing = graph.rank(first) - graph.rank(condition);
  if (graph.rank(condition) !== 1 || missing === 0) where(graph, node);
  else {
    const axes = graph.int64(Array.from({ length: missing }, (_, i) => i + 1));
    const rows = graph.add('Unsqueeze', [graph.get(condition), axes]);
    graph.set(valueOf(node), graph.add('Where', [rows, ...node.inputs.slice(1).map((input) => graph.get(input))]));
  }
};

/** A transposed operand swaps its last two dimensions. */
function operand(graph: OnnxGraph, value: string, isTransposed: boolean): string {
  const axes = Array.from({ length: graph.rank(value) }, (_, i) => i);
  const perm = [...axes.slice(0, -2), ...axes.slice(-2).reverse()];
  return isTransposed ? graph.add('Transpose', [graph.get(value)], { perm }) : graph.get(value);
}

function product(transposeA: string, transposeB: string): NodeConverter {
  return (graph, node) => {
    const [a = '', b = ''] = node.inputs;
    const operands = [
      operand(graph, a, switchAttribute(node, transposeA, false)),
      operand(graph, b, switchAttribute(node, transposeB, false)),
    ];
    graph.set(valueOf(node), graph.add('MatMul', operands));
  };
}

const einsum: NodeConverter = (graph, node) => {
  const equation = textAttribute(node, 'equation', '');
  graph.set(
    valueOf(node),
    graph.add(
      'Einsum',
      node.inputs.map((input) => graph.get(input)),
      { equation },
    ),
  );
};

function along(op: string): NodeConverter {
  return (graph, node) => graph.set(valueOf(node), graph.add(op, [graph.get(node.inputs[0] ?? '')], { axis: -1 }));
}

const clipTo = (most: number) =>
  elementwise((graph, input) => graph.add('Clip', [input, graph.scalar(0), graph.scalar(most)]));

/** Ops that compute each element by itself, and products. */
export const arithmetic: Readonly<Record<string, NodeConverter>> = {
  Abs: same('Abs'),
  Acos: same('Acos'),
  Acosh: same('Acosh'),
  Add: add,
  AddV2: add,
  AddN: broadcast((graph, inputs) => graph.add('Sum', inputs)),
  Asin: same('Asin'),
  Asinh: same('Asinh'),
  Atan: same('Atan'),
  Atanh: same('Atanh'),
  BatchMatMul: product('adj_x', 'adj_y'),
  BatchMatMulV2: product('adj_x', 'adj_y'),
  BatchMatMulV3: product('adj_x', 'adj_y'),
  BiasAdd: add,
  Cast: cast,
  Ceil: same('Ceil'),
  Cos: same('Cos'),
  Cosh: same('Cosh'),
  Div: divide,
  DivNoNan: binary(divideNoNan),
  Einsum: einsum,
  Elu: same('Elu'),
  Equal: two('Equal'),
  Erf: same('Erf'),
  Exp: same('Exp'),
  Expm1: elementwise((graph, input) => graph.add('Sub', [graph.add('Exp', [input]), graph.scalar(1)])),
  Floor: same('Floor'),
  FloorDiv: binary(floorDivide),
  FloorMod: binary(floorMod),
  Greater: two('Greater'),
  GreaterEqual: two('GreaterOrEqual'),
  Inv: same('Reciprocal'),
  IsInf: same('IsInf'),
  IsNan: same('IsNaN'),
  LeakyRelu: elementwise((graph, input, node) =>
    graph.add('LeakyRelu', [input], { alpha: float(numberAttribute(node, 'alpha', 0.2)) }),
  ),
  Less: two('Less'),
  LessEqual: two('LessOrEqual'),
  Log: same('Log'),
  Log1p: elementwise((graph, input) => graph.add('Log', [graph.add('Add', [input, graph.scalar(1)])])),
  LogSoftmax: along('LogSoftmax'),
  LogicalAnd: two('And'),
  LogicalNot: same('Not'),
  LogicalOr: two('Or'),
  LogicalXor: two('Xor'),
  MatMul: product('transpose_a', 'transpose_b'),
  Maximum: two('Max'),
  Minimum: two('Min'),
  Mod: binary((graph, a, b) => graph.add('Mod', [a, b], { fmod: 1 })),
  Mul: two('Mul'),
  Neg: same('Neg'),
  NotEqual: not('Equal'),
  Pow: two('Pow'),
  RealDiv: divide,
  Reciprocal: same('Reciprocal'),
  Relu: same('Relu'),
  Relu6: clipTo(6),
  Rint: same('Round'),
  Round: same('Round'),
  Rsqrt: elementwise((graph, input) => graph.add('Reciprocal', [graph.add('Sqrt', [input])])),
  Select: select,
  SelectV2: where,
  Selu: same('Selu'),
  Sigmoid: same('Sigmoid'),
  Sign: same('Sign'),
  Sin: same('Sin'),
  Sinh: same('Sinh'),
  Softmax: along('Softmax'),
  Softplus: same('Softplus'),
  Softsign: same('Softsign'),
  Sqrt: same('Sqrt'),
  Square: elementwise((graph, input) => graph.add('Mul', [input, input])),
  SquaredDifference: binary(squaredDifference),
  Sub: two('Sub'),
  Tan: same('Tan'),
  Tanh: same('Tanh'),
  TruncateDiv: divide,
};
