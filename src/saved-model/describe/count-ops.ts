import type { GraphDef } from '../../tensorflow/protos/tensorflow/core/framework/graph_pb.js';

/**
 * How often each op stands in a graph and in the functions of its library, each function counted once; by name.
 *
 * Calls of functions by an op of their name (TensorFlow 1's way) are left out: they are no ops.
 */
export function countOps(graph: GraphDef): Record<string, number> {
  const functions = graph.library?.function ?? [];
  const names = new Set(functions.map(({ signature }) => signature?.name));
  const counts = new Map<string, number>();
  for (const { op } of [graph.node, ...functions.map(({ nodeDef }) => nodeDef)].flat()) {
    if (!names.has(op)) counts.set(op, (counts.get(op) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
