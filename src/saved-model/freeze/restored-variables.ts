import type { NodeDef } from '../../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import type { MetaGraphDef } from '../../tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import { functionOf, nodeOf, outputOf, type Scope, scopesOf } from './graph-scopes.js';

const assignOps = new Set(['AssignVariableOp', 'Assign']);
/** How far a value is followed through ops that only pass it on. */
const mostSteps = 10;

/**
 * Which key of the checkpoint each variable of the graph is restored from, by the variable's node: read from the ops that restore, the
 * graph's own and those of a function that it calls.
 */
export function restoredVariables({ saverDef, graphDef }: MetaGraphDef): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  const restoreOp = nodeOf(saverDef?.restoreOpName ?? '');
  if (!graphDef || restoreOp === '') return keys;
  const { main, functions } = scopesOf(graphDef);
  collect(main, (input) => nodeOf(input), keys);
  const call = main.nodes.get(restoreOp);
  const called = call && functions.get(functionOf(call) ?? '');
  if (call && called)
    collect(called, (input) => nodeOf(call.input[called.arguments.indexOf(nodeOf(input))] ?? ''), keys);
  return keys;
}

/** @param variableOf The variable's node in the graph, of what an op of the scope is given for it. */
function collect(scope: Scope, variableOf: (input: string) => string, keys: Map<string, string>): void {
  for (const { op, input } of scope.nodes.values()) {
    const key = assignOps.has(op) ? restoredKey(scope, input[1] ?? '') : undefined;
    const variable = variableOf(input[0] ?? '');
    if (key !== undefined && variable !== '') keys.set(variable, key);
  }
}

function restoredKey({ nodes }: Scope, value: string): string | undefined {
  let input = value;
  let node = nodes.get(nodeOf(input));
  for (let step = 0; node?.op === 'Identity' && step < mostSteps; step += 1) {
    input = node.input[0] ?? '';
    node = nodes.get(nodeOf(input));
  }
  if (node?.op !== 'RestoreV2') return undefined;
  const bytes = stringsOf(nodes.get(nodeOf(node.input[1] ?? '')))[outputOf(input)];
  return bytes && Buffer.from(bytes).toString();
}

function stringsOf(node: NodeDef | undefined): readonly Uint8Array[] {
  const value = node?.op === 'Const' ? node.attr.value?.value : undefined;
  return value?.case === 'tensor' ? value.value.stringVal : [];
}
