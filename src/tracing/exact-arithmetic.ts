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
 * Sums of many numbers (products of matrices, convolutions, means) are where it ends: they are not exact anyway.
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

/** Whether TensorFlow's optimizer may compute with what an input was made of instead of it. */
export function isArithmetic({ node }: TapeValue): boolean {
  return node.kind === 'op' && node.dynamic && arithmetic.has(node.op);
}

/**
 * Whether TensorFlow's optimizer computes the constants of two ops together: it takes `(x + a) - b` for `x + (a - b)`, which is another
 * number where a is large, and `(x * a) * b` for `x * (a * b)`, which may be too large.
 */
export function joinsConstants({ op, inputs }: OpNode): boolean {
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
  const [first, ...others] = runs.map(({ op, inputs }) => (op === 'RealDiv' ? inputs[1]?.node : undefined));
  if (first?.kind !== 'constant') return false;
  const values = Array.from(first.values, Number);
  return (
    values.every((value) => value !== 0) &&
    others.every(
      (other) =>
        other?.kind === 'constant' &&
        other.values.length === values.length &&
        values.every((value, i) => Object.is(value, Number(other.values[i]))),
    )
  );
}
