import type { FlatGraph } from '../flat-graph.js';
import type { ObservedShape } from '../observed-shapes.js';
import { convertNode } from './convert-node.js';
import { OnnxGraph } from './onnx-graph.js';

/**
 * Writes a flat graph as an ONNX file of opset 18, which ONNX Runtime 1.14 and later, OpenVINO and others read.
 *
 * Inputs and outputs have the names and the layout that they have in the signature.
 *
 * @param shapes Ranks of all values.
 * @param metadata Facts that travel along, such as class names.
 * @throws SignetError `NOT_EXPORTABLE` for an op that ONNX has no equivalent of.
 */
export function writeOnnx(
  graph: FlatGraph,
  shapes: ReadonlyMap<string, ObservedShape>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const onnx = new OnnxGraph(graph, shapes);
  for (const node of graph.nodes) convertNode(onnx, node);
  return onnx.toFile(metadata);
}
