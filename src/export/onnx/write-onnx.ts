import type { FlatGraph } from '../flat-graph.js';
import type { ObservedShape } from '../observed-shapes.js';
import { convertNode } from './convert-node.js';
import { OnnxGraph } from './onnx-graph.js';
import type { Quantization } from '../quantization.js';

/** How an ONNX file is written. */
export interface OnnxOptions {
  /** Facts for the file's `metadata_props`, such as class names. Default: none. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Default: `none`. */
  readonly quantization?: Quantization;
}

/**
 * Writes a flat graph as an ONNX file of opset 18, which ONNX Runtime 1.14 and later, OpenVINO and others read.
 *
 * Inputs and outputs have the names and the layout that they have in the signature.
 *
 * @param shapes Ranks of all values.
 * @throws SignetError `NOT_EXPORTABLE` for an op that ONNX has no equivalent of.
 */
export function writeOnnx(
  graph: FlatGraph,
  shapes: ReadonlyMap<string, ObservedShape>,
  { metadata = {}, quantization = 'none' }: OnnxOptions = {},
): Uint8Array {
  const onnx = new OnnxGraph(graph, shapes, quantization);
  for (const node of graph.nodes) convertNode(onnx, node);
  return onnx.toFile(metadata);
}
