import { type FlatNode, notExportable } from '../flat-graph.js';
import { arithmetic } from './arithmetic.js';
import { images } from './images.js';
import type { NodeConverter } from './node-converter.js';
import type { OnnxGraph } from './onnx-graph.js';
import { reductions } from './reductions.js';
import { shaping } from './shaping.js';

/** All ops that are carried, by TensorFlow's names. */
const converters: Readonly<Record<string, NodeConverter>> = { ...arithmetic, ...reductions, ...shaping, ...images };

/** TensorFlow's ops that ONNX files can have, in alphabetical order. */
export const onnxOps: readonly string[] = Object.keys(converters).sort();

/**
 * Converts one op.
 *
 * @throws SignetError `NOT_EXPORTABLE` for one that ONNX has no equivalent of.
 */
export function convertNode(graph: OnnxGraph, node: FlatNode): void {
  const convert = Object.hasOwn(converters, node.op) ? converters[node.op] : undefined;
  if (!convert) throw notExportable(node, 'An ONNX file', 'it has no equivalent there');
  convert(graph, node);
}
