import { isDeepStrictEqual } from 'node:util';

import { isFloat } from './op-effects.js';
import type { OpNode, TapeNode, TapeValue } from './tape-nodes.js';

/**
 * Ops whose results jump where their inputs change by a rounding error: 41 / 41 is 1, and 41 times the rounded 1/41 is less, of which
 * `floor` makes 0.
 */
const steps = new Set([
  'ArgMax', 'ArgMin', 'Cast', 'Ceil', 'Equal', 'Floor', 'FloorDiv', 'FloorMod', 'Greater', 'GreaterEqual', 'Less', 'LessEqual', 'Mod',
  'NotEqual', 'Rint', 'Round', 'Sign', 'TopKV2',
]); // prettier-ignore

/** Ops that compute each number from few others. */
const arithmetic = new Set([
  'Abs', 'Add', 'AddN', 'AddV2', 'Div', 'DivNoNan', 'Exp', 'Expm1', 'Log', 'Log1p', 'Maximum', 'Minimum', 'Mul', 'Neg', 'Pow', 'RealDiv',
  'Reciprocal', 'Rsqrt', 'Sqrt', 'Square', 'SquaredDifference', 'Sub',
]); // prettier-ignore

/** Ops that put numbers elsewhere. */
const moving = new Set([
  'BroadcastTo', 'ConcatV2', 'ExpandDims', 'GatherNd', 'GatherV2', 'Identity', 'MirrorPad', 'Pack', 'Pad', 'PadV2', 'Reshape', 'Reverse', 'ReverseV2',
  'Select', 'SelectV2', 'Slice', 'Split', 'SplitV', 'Squeeze', 'StridedSlice', 'Tile', 'Transpose', 'Unpack',
]); // prettier-ignore

/**
 * Finds the arithmetic of which a step is made: TensorFlow must compute it in the order in which it is written. Its optimizer divides by
 * a constant by multiplying with the rounded reciprocal, adds up constants of several ops, and takes common factors out
 * (tensorflow/core/grappler/optimizers/constant_folding.cc and arithmetic_optimizer.cc).
 *
 * The search ends at sums of many numbers (products of matrices, convolutions, means), which are not exact anyway.
 */
export function arithmeticOfSteps(nodes: Iterable<TapeNode>): Set<TapeNode> {
  const found = new Set<TapeNode>();
  const seen = new Set<TapeNode>();
  const pending: TapeValue[] = [];
  for (const node of nodes) if (node.kind === 'op' && steps.has(node.op)) pending.push(...node.inputs);
  for (let value = pending.pop(); value; value = pending.pop()) {
    const { node } = value;
    if (node.kind !== 'op' || seen.has(node) || !isFloat(value)) continue;
    seen.add(node);
    if (arithmetic.has(node.op)) found.add(node);
    else if (!moving.has(node.op)) continue;
    pending.push(...node.inputs);
  }
  return found;
}

/**
 * Finds the inputs of a node, by position, that TensorFlow's optimizer must not look through: it would compute the node from what they were made of.
 *
 * @param isExact Whether `arithmeticOfSteps` has the node.
 */
export function inputsToHide(node: OpNode, isExact: boolean): number[] {
  if (isReplacedWithItsInput(node)) return [0];
  if (!isExact && !joinsConstants(node)) return [];
  return node.inputs.flatMap((input, i) => (isArithmetic(input) ? [i] : []));
}

/**
 * Whether TensorFlow's optimizer replaces `ArgMax(Relu(x))` with `ArgMax(x)`, `Max(Sqrt(x))` with `Sqrt(Max(x))`, or `LogicalNot(Greater(x, y))` with
 * `LessEqual(x, y)` (tensorflow/core/grappler/optimizers/arithmetic_optimizer.cc, OptimizeMaxOrMinOfMonotonicStage and RemoveLogicalNotStage). That
 * finds another place where values become equal, and loses NaN. The optimizer looks into functions too.
 */
function isReplacedWithItsInput({ op, inputs: [input] }: OpNode): boolean {
  if (input?.node.dynamic !== true) return false;
  if (op === 'ArgMax' || op === 'ArgMin') return true;
  if (op === 'Max' || op === 'Min') return isFloat(input);
  return op === 'LogicalNot' && input.node.kind === 'op' && input.node.inputs.some(isFloat);
}

function isArithmetic({ node }: TapeValue): boolean {
  return node.kind === 'op' && node.dynamic && arithmetic.has(node.op);
}

/**
 * Whether TensorFlow's optimizer computes the constants of two ops together: it replaces `(x + a) - b` with `x + (a - b)`, which is another
 * number where a is large, and `(x * a) * b` with `x * (a * b)`, which may overflow.
 */
function joinsConstants({ op, inputs }: OpNode): boolean {
  const group = joined.find((ops) => ops.has(op));
  if (!group || !inputs.every(isFloat) || !inputs.some(isConstant)) return false;
  return inputs.some(({ node }) => node.kind === 'op' && group.has(node.op) && node.inputs.some(isConstant));
}

const joined = [new Set(['Add', 'AddV2', 'Sub']), new Set(['Mul', 'RealDiv', 'DivNoNan'])];

function isConstant({ node }: TapeValue): boolean {
  return node.kind === 'constant';
}

/** Whether all runs divide by the same numbers, none of them 0. */
export function dividesByConstant(runs: readonly OpNode[]): boolean {
  const divisors = runs.map(({ op, inputs }) => (op === 'RealDiv' ? inputs[1]?.node : undefined));
  const [first] = divisors;
  if (first?.kind !== 'constant' || Array.from(first.values, Number).includes(0)) return false;
  return divisors.every((other) => other?.kind === 'constant' && isDeepStrictEqual(other.values, first.values));
}
