import type { FunctionDef } from '../../tensorflow/protos/tensorflow/core/framework/function_pb.js';
import type { GraphDef } from '../../tensorflow/protos/tensorflow/core/framework/graph_pb.js';
import type { NodeDef } from '../../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { hasWindow, slidingWindow, windowMessage } from '../../tensorflow/sliding-window.js';
import { attr, attributeReader } from '../../tracing/attr-value.js';
import { type GuardedNodes, GuardNodes } from './guard-nodes.js';
import { guardProduct, mayWriteBeyond } from './guard-product.js';
import { KnownSizes } from './known-sizes.js';

/**
 * Puts guards before the ops of a graph that end TensorFlow's process, or return uninitialized memory, at shapes that a request may have
 * (docs/tracing.md lists them): an assertion, or another way to compute the same. Ops whose sizes are large enough according to the graph stay as
 * they are.
 *
 * @param graph Is changed.
 * @returns The ops that got a guard, each once, in alphabetical order.
 */
export function guardGraph(graph: GraphDef): string[] {
  const functions = graph.library?.function ?? [];
  const guarded = [guardNodes(graph.node, null), ...functions.map((fn) => guardNodes(fn.nodeDef, fn))];
  return [...new Set(guarded.flat())].toSorted();
}

function guardNodes(nodes: NodeDef[], fn: FunctionDef | null): string[] {
  const known = new KnownSizes(nodes, fn);
  const names = new Set([...nodes.map(({ name }) => name), ...known.argumentNames]);
  const all: GuardedNodes = { nodes, names, isFunction: fn !== null };
  return [...nodes].flatMap((node) => {
    const { op } = node;
    return guardNode(node, known, new GuardNodes(all, node)) ? [op] : [];
  });
}

/** Ops that take sizes from an input and do not check how small they are. */
const takesSizes: Readonly<Record<string, { readonly input: number; readonly least: number; readonly what: string }>> = {
  Conv2DBackpropInput: { input: 0, least: 0, what: 'sizes of 0 and more for its output' },
  Conv3DBackpropInputV2: { input: 0, least: 0, what: 'sizes of 0 and more for its output' },
  RFFT: { input: 1, least: 1, what: 'a length of 1 and more' },
  IRFFT: { input: 1, least: 1, what: 'a length of 1 and more' },
}; // prettier-ignore

/** Ops that need elements in one of their inputs: gradients of pools in the pool's result, an encoder in its pixels. */
const needsElements: Readonly<Record<string, number>> = { MaxPoolGrad: 1, MaxPool3DGrad: 1, EncodePng: 0 };

/** @returns Whether the node needed a guard. */
function guardNode(node: NodeDef, known: KnownSizes, guard: GuardNodes): boolean {
  const { op } = node;
  if (hasWindow(op)) return guardWindow(node, known, guard);
  if (op === 'BatchMatMulV2') {
    const isInDanger = mayWriteBeyond(known.of(node, 0), known.of(node, 1));
    if (isInDanger) guardProduct(node, guard);
    return isInDanger;
  }
  if (op in needsElements) return guardElements(node, needsElements[op] ?? 0, known, guard);
  const sizes = takesSizes[op];
  const type = node.attr.Tshape ?? attr.type(DataType.DT_INT32);
  const isInt32 = type.value.value === DataType.DT_INT32;
  if (!sizes || !isInt32 || known.isConstant(node, sizes.input)) return false;
  const { input, least, what } = sizes;
  guard.assertAtLeast(input, type, node.input[input] ?? '', guard.constant(least), `${op} takes ${what}. Received:`);
  return true;
}

/** A VALID window is not larger than the picture. */
function guardWindow(node: NodeDef, known: KnownSizes, guard: GuardNodes): boolean {
  const isPool = 'ksize' in node.attr;
  const filter = isPool ? null : known.of(node, 1);
  const window = slidingWindow(node.op.includes('3D') ? 5 : 4, filter ?? undefined, attributeReader(node.attr));
  if (window.padding !== 'VALID') return false;
  const isKnown = isPool || filter?.every((size) => size >= 0) === true;
  const input = known.of(node, 0);
  if (isKnown && window.axes.every((axis, i) => (window.window[i] ?? 1) <= Math.max(1, input?.[axis] ?? 1)))
    return false;
  const sizes = guard.gather(guard.shape(node.input[0] ?? ''), guard.constant(window.axes));
  const least = isKnown ? guard.constant(window.window) : windowOfFilter(node, guard, window.axes);
  const message = isKnown
    ? windowMessage(node.op, window)
    : `${node.op} with the padding 'valid' takes inputs at least as large as its filter.`;
  guard.assertAtLeast(0, guard.type, sizes, least, `${message} Received:`);
  return true;
}

/** (f - 1) * dilation + 1 for the sizes f of a filter that only a call knows. */
function windowOfFilter(node: NodeDef, guard: GuardNodes, axes: readonly number[]): string {
  const { numbers } = attributeReader(node.attr);
  const dilations = numbers('dilations') ?? numbers('rates');
  const one = guard.constant(1);
  const filter = guard.gather(guard.shape(node.input[1] ?? ''), guard.constant([...axes.keys()]));
  const steps = guard.constant(axes.map((axis) => dilations?.[axis] ?? 1));
  return guard.binary('AddV2', guard.binary('Mul', guard.binary('Sub', filter, one), steps), one);
}

function guardElements(node: NodeDef, input: number, known: KnownSizes, guard: GuardNodes): boolean {
  if (known.of(node, input)?.every((size) => size > 0)) return false;
  const sizes = guard.shape(node.input[input] ?? '');
  const message = `${node.op} takes no empty input ${input}. Received sizes:`;
  guard.assertAtLeast(input, guard.type, sizes, guard.constant(1), message);
  return true;
}
