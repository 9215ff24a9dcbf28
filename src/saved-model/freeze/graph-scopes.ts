import type { FunctionDef } from '../../tensorflow/protos/tensorflow/core/framework/function_pb.js';
import type { GraphDef } from '../../tensorflow/protos/tensorflow/core/framework/graph_pb.js';
import type { NodeDef } from '../../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';

/** The nodes of a graph, or of a function, by name. */
export interface Scope {
  /** Names of a function's arguments; none for the graph. */
  readonly arguments: readonly string[];
  readonly nodes: ReadonlyMap<string, NodeDef>;
}

/** A graph and the functions of its library. */
export function scopesOf({ node, library }: GraphDef): {
  readonly main: Scope;
  readonly functions: ReadonlyMap<string, Scope>;
} {
  const byName = (nodes: readonly NodeDef[]) => new Map(nodes.map((each) => [each.name, each]));
  const functions = (library?.function ?? []).map(({ signature, nodeDef }) => {
    const names = (signature?.inputArg ?? []).map(({ name }) => name);
    return [signature?.name ?? '', { arguments: names, nodes: byName(nodeDef) }] as const;
  });
  return { main: { arguments: [], nodes: byName(node) }, functions: new Map(functions) };
}

/** The node of an input: `^x` is a control input, `x:1` the second output of `x`, and in functions `x:value:0`. */
export function nodeOf(input: string): string {
  return input.replace(/^\^/, '').split(':', 1)[0] ?? '';
}

/** Which output of its node an input is. */
export function outputOf(input: string): number {
  return Number(/:(\d+)$/.exec(input)?.[1] ?? 0);
}

/** The function that a call runs. */
export function functionOf({ attr }: NodeDef): string | undefined {
  const value = attr.f?.value;
  return value?.case === 'func' ? value.value.name : undefined;
}

/** Every function that a node names, such as the branches of a condition. */
export function functionsOf({ op, attr }: NodeDef): string[] {
  const named = Object.values(attr).flatMap(({ value }) => {
    if (value.case === 'func') return [value.value.name];
    return value.case === 'list' ? value.value.func.map(({ name }) => name) : [];
  });
  return [op, ...named];
}

/** The nodes that tensors are computed from, in the graph's order. */
export function nodesFor(all: readonly NodeDef[], tensors: readonly string[]): NodeDef[] {
  const nodes = new Map(all.map((each) => [each.name, each]));
  const open = tensors.map(nodeOf);
  const seen = new Set<NodeDef>();
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = nodes.get(name);
    if (!node || seen.has(node)) continue;
    seen.add(node);
    open.push(...node.input.map(nodeOf));
  }
  return all.filter((node) => seen.has(node));
}

/** The functions that nodes call, and the functions that these call in turn. */
export function reachableFunctions(
  nodes: readonly NodeDef[],
  find: (name: string) => FunctionDef | undefined,
): FunctionDef[] {
  const seen = new Map<string, FunctionDef>();
  const open = nodes.flatMap(functionsOf);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const found = find(name);
    if (!found || seen.has(name)) continue;
    seen.set(name, found);
    open.push(...found.nodeDef.flatMap(functionsOf));
  }
  return [...seen.values()];
}
