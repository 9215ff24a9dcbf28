import { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type { ConcreteFunction } from './concrete-function.js';
import { opEntry } from './op-signature.js';
import type { OpNode, TapeNode, TapeValue, Trace } from './tape-nodes.js';

const statefulOps: Readonly<Record<string, string>> = { StatelessIf: 'If', StatelessWhile: 'While' };

/** Only in the stateful form of an op does TensorFlow run branches that draw numbers or assert. */
export function statefulOp(op: string, bodies: readonly ConcreteFunction[]): string {
  const isStateful = bodies.some(({ definition }) => definition.signature?.isStateful === true);
  return isStateful ? (statefulOps[op] ?? op) : op;
}

/**
 * Whether TensorFlow's optimizer may take a node for a leaky ReLU: it does so with `Maximum(alpha * x, x)`, also where alpha is more than
 * 1 and the result is the smaller of the two (tensorflow/core/grappler/optimizers/remapper.cc, FindMulAndMaximum). It sees through
 * functions, so any two tensors may turn out to be such.
 */
export function isTakenForLeakyRelu({ op, inputs }: OpNode): boolean {
  return op === 'Maximum' && inputs.every(isFloat) && inputs.every(({ node }) => node.dynamic);
}

/** Whether a value is of 32-bit floating-point numbers. */
export function isFloat({ node, output }: TapeValue): boolean {
  return node.outputs[output]?.dataType === DataType.DT_FLOAT;
}

/** Nodes that a result, an assignment or a side effect needs. */
export function liveNodes({ nodes, outputs, assignments }: Trace): Set<TapeNode> {
  const live = new Set<TapeNode>();
  const pending = [...outputs.map(([, { node }]) => node), ...assignments.map(({ value }) => value.node)];
  pending.push(...nodes.filter(hasEffect));
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (live.has(node)) continue;
    live.add(node);
    if (node.kind === 'op') pending.push(...node.inputs.map((input) => input.node));
  }
  return live;
}

/** Whether an op asserts something, itself or in a function that it calls: it guards what follows, as in JavaScript. */
export function asserts(node: OpNode): boolean {
  return (
    node.op === 'Assert' ||
    node.bodies.some(({ trace }) => trace.nodes.some((inner) => inner.kind === 'op' && asserts(inner))) ||
    node.functions.some(({ library }) =>
      library.some(({ definition }) => definition.nodeDef.some(({ op }) => op === 'Assert')),
    )
  );
}

/** A random draw that nobody uses has no effect worth keeping; an assertion has. */
export function hasEffect(node: TapeNode): boolean {
  if (node.kind !== 'op') return false;
  const ownEffect = opEntry(node.op)[2] && !node.op.includes('Random');
  return ownEffect || node.bodies.some(({ trace }) => trace.nodes.some(hasEffect));
}
