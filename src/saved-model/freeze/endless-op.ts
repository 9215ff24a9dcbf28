import type { FunctionDef } from '../../tensorflow/protos/tensorflow/core/framework/function_pb.js';
import type { NodeDef } from '../../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import { tensorValueOf } from '../read/tensor-proto-value.js';
import type { CallableGraph } from './callable-graph.js';
import { nodeOf } from './graph-scopes.js';

/** Ops that may run the same nodes any number of times, depending on values (including the ops of v1 graphs), or that wait for something. */
const endless =
  /^(?:Stateless)?While$|^_?(?:XlaWhile|For|Recv)$|^(?:Ref)?(?:Enter|NextIteration)$|Dataset|Iterator|Dequeue|Unstage|StagePeek|^Barrier|^Collective|RemoteCall|MutexLock/;
/** Maximum number of turns of a loop that counts as ending soon. */
const mostTurns = 1000;

type Nodes = ReadonlyMap<string, NodeDef>;

/**
 * Finds an op by which values, and not sizes alone, may decide how long a call takes: one that waits, or a loop. A loop whose turns are counted up to
 * a constant, as `whileLoop` with `maximumIterations` makes it, ends soon. It is recognized by what it computes: a model may be somebody else's, and
 * the names in it prove nothing.
 *
 * @returns Its type; undefined where there is none.
 */
export function endlessOp({ main, functions }: CallableGraph): string | undefined {
  const library = new Map(functions.map((each) => [each.signature?.name ?? '', each]));
  for (const nodes of [main, ...functions.map(({ nodeDef }) => nodeDef)]) {
    const scope = nodesByName(nodes);
    const found = nodes.find((node) => endless.test(node.op) && !isCounted(node, scope, library));
    if (found) return found.op;
  }
  return undefined;
}

/** Whether a loop has a variable that starts at 0 or more, grows by 1 and must stay below a small constant. */
function isCounted(loop: NodeDef, scope: Nodes, library: ReadonlyMap<string, FunctionDef>): boolean {
  const [condition, body] = ['cond', 'body'].map((name) => functionNamed(loop, name, library));
  if (loop.op !== 'StatelessWhile' || !condition || !body) return false;
  const names = (condition.signature?.inputArg ?? []).map(({ name }) => name);
  return names.some((_, i) => {
    const start = constantOf(loop.input[i], scope);
    return start !== null && start >= 0 && isLimited(condition, i) && isCountedUp(body, i);
  });
}

/** Whether a condition is `counter < constant && ...`. */
function isLimited(condition: FunctionDef, position: number): boolean {
  const nodes = nodesByName(condition.nodeDef);
  const and = nodes.get(nodeOf(Object.values(condition.ret)[0] ?? ''));
  if (and?.op !== 'LogicalAnd') return false;
  return and.input.some((input) => {
    const less = nodes.get(nodeOf(input));
    const most = constantOf(less?.input[1], nodes);
    return less?.op === 'Less' && less.input[0] === argument(condition, position) && most !== null && most <= mostTurns;
  });
}

/** Whether a body gives `counter + 1`. */
function isCountedUp(body: FunctionDef, position: number): boolean {
  const nodes = nodesByName(body.nodeDef);
  const output = body.signature?.outputArg[position]?.name ?? '';
  const add = nodes.get(nodeOf(body.ret[output] ?? ''));
  if (add?.op !== 'Add' && add?.op !== 'AddV2') return false;
  return add.input[0] === argument(body, position) && constantOf(add.input[1], nodes) === 1;
}

function argument({ signature }: FunctionDef, position: number): string | undefined {
  return signature?.inputArg[position]?.name;
}

function functionNamed(
  { attr }: NodeDef,
  name: string,
  library: ReadonlyMap<string, FunctionDef>,
): FunctionDef | undefined {
  const value = attr[name]?.value;
  return value?.case === 'func' ? library.get(value.value.name) : undefined;
}

/** An int32 scalar in the graph; null for anything else. */
function constantOf(input: string | undefined, nodes: Nodes): number | null {
  const node = input === undefined || input.startsWith('^') ? undefined : nodes.get(nodeOf(input));
  const value = node?.op === 'Const' ? node.attr.value?.value : undefined;
  if (value?.case !== 'tensor') return null;
  try {
    const { dtype, shape, values } = tensorValueOf(value.value, { maxBytes: 4 });
    return dtype === 'int32' && shape.length === 0 ? Number(values[0]) : null;
  } catch {
    return null;
  }
}

function nodesByName(nodes: readonly NodeDef[]): Nodes {
  return new Map(nodes.map((each) => [each.name, each]));
}
