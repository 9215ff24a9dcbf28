import type { NodeDef } from '../../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { attr } from '../../tracing/attr-value.js';
import type { GuardNodes } from './guard-nodes.js';
import type { Sizes } from './known-sizes.js';

const int32 = attr.type(DataType.DT_INT32);

/**
 * Whether a product of matrices may write beyond its result: `BatchMatMulV2` of [b, 1, m, k] by one matrix does (TensorFlow 2.21, oneDNN;
 * https://github.com/tensorflow/tensorflow/issues/117700).
 *
 * @param x Sizes of the matrices on the left; `y`, of those on the right.
 */
export function mayWriteBeyond(x: Sizes, y: Sizes): boolean {
  if (y && (y.length > 4 || y.slice(0, -2).some((size) => size > 1))) return false;
  if (!x) return true;
  const [b, one = 0] = x;
  return x.length === 4 && b !== 1 && (one === 1 || one === -1);
}

/**
 * Computes such a product with [1, b, m, k] instead. The node becomes the reshape that swaps the two sizes back, so that nodes which take it by its
 * name get the same as before.
 */
export function guardProduct(node: NodeDef, guard: GuardNodes): void {
  const [x = '', y = '', ...control] = node.input;
  const attributes = Object.fromEntries(Object.entries(node.attr).filter(([name]) => name !== '_output_shapes'));
  const reshape = { T: guard.type, Tshape: int32 };
  const swaps = isOneForAll(guard, x, y);
  const rows = guard.add('Reshape', [x, swapped(guard, x, swaps)], reshape);
  const product = guard.add(node.op, [rows, y], attributes);
  node.input = [product, swapped(guard, product, swaps), ...control];
  node.op = 'Reshape';
  node.attr = reshape;
}

/** 1 where x is [b, 1, m, k] and y one matrix, else 0. */
function isOneForAll(guard: GuardNodes, x: string, y: string): string {
  const one = guard.constant(1);
  const batch = guard.add(
    'StridedSlice',
    [guard.shape(y), guard.constant([0]), guard.constant([-2]), guard.constant([1])],
    { T: int32, Index: int32 },
  );
  const matrices = guard.add('Prod', [batch, guard.constant([0])], { T: int32, Tidx: int32 });
  const conditions = [
    guard.binary('Equal', guard.rank(x), guard.constant(4)),
    guard.binary('Equal', guard.gather(guard.shape(x), one), one),
    guard.binary('Equal', matrices, one),
    guard.binary('Less', guard.rank(y), guard.constant(5)),
  ];
  return guard.toInt(conditions.reduce((a, b) => guard.add('LogicalAnd', [a, b], {})));
}

/** The shape of a tensor; its first two sizes change places where `swaps` is 1. */
function swapped(guard: GuardNodes, tensor: string, swaps: string): string {
  const [one, two] = [guard.constant(1), guard.constant(2)];
  const axes = guard.add('Range', [guard.constant(0), guard.rank(tensor), one], { Tidx: int32 });
  const isFirst = guard.toInt(guard.binary('Less', axes, two));
  const toOther = guard.binary('Sub', one, guard.binary('Mul', two, axes));
  const moves = guard.binary('Mul', swaps, guard.binary('Mul', isFirst, toOther));
  return guard.gather(guard.shape(tensor), guard.binary('AddV2', axes, moves));
}
