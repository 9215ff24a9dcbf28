import type { GraphDef } from '../../tensorflow/protos/tensorflow/core/framework/graph_pb.js';
import type { NodeDef } from '../../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import type { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { elementTypeName } from '../checkpoint/element-type.js';
import { shapeOfProto, type ShapeDescription } from '../write/structure.js';

/** A feature that a graph reads out of a tf.Example. */
export interface ExampleFeature {
  readonly name: string;
  readonly dtype: string;
  readonly shape: ShapeDescription;
}

/**
 * What a classify or regress signature asks for inside its tf.Examples: the features that the graph's ParseExample names.
 *
 * @returns `null` when the graph has none, several that differ, or one whose keys are not constants.
 */
export function exampleFeatures(graph: GraphDef): ExampleFeature[] | null {
  const bodies = [graph.node, ...(graph.library?.function ?? []).map(({ nodeDef }) => nodeDef)];
  const found = bodies.flatMap((nodes) => {
    const parsers = nodes.filter(({ op }) => op === 'ParseExample' || op === 'ParseExampleV2');
    if (parsers.length === 0) return [];
    // Looked up by name: a parser may have as many keys as there are nodes.
    const byName = new Map(nodes.map((node) => [node.name, node]));
    return parsers.map((node) => featuresOf(node, byName));
  });
  const distinct = new Map(found.map((features) => [JSON.stringify(features), features]));
  return distinct.size === 1 ? (found[0] ?? null) : null;
}

function featuresOf(parser: NodeDef, nodes: ReadonlyMap<string, NodeDef>): ExampleFeature[] | null {
  const names = keyInputs(parser).map((input) => input.flatMap((name) => constantStrings(name, nodes) ?? [null]));
  const [sparse = [], dense = []] = names;
  const types = [...typesOf(parser, 'sparse_types'), ...typesOf(parser, 'Tdense')];
  const shapes = parser.attr.dense_shapes?.value;
  const denseShapes = shapes?.case === 'list' ? shapes.value.shape.map(shapeOfProto) : [];
  const features = [...sparse, ...dense].map((name, i) => ({
    name,
    dtype: elementTypeName(types[i] ?? 0),
    shape: i < sparse.length ? [null] : (denseShapes[i - sparse.length] ?? []),
  }));
  const named = features.flatMap(({ name, ...rest }) => (name === null ? [] : [{ name, ...rest }]));
  return named.length === features.length && named.length === types.length ? named : null;
}

/** The inputs that hold the keys of sparse and of dense features: one for each key, or in version 2 one for all. */
function keyInputs({ op, input, attr }: NodeDef): string[][] {
  if (op === 'ParseExampleV2') return [input.slice(2, 3), input.slice(3, 4)];
  const count = (name: string) => (attr[name]?.value.case === 'i' ? Number(attr[name].value.value) : 0);
  const sparse = count('Nsparse');
  return [input.slice(2, 2 + sparse), input.slice(2 + sparse, 2 + sparse + count('Ndense'))];
}

function typesOf({ attr }: NodeDef, name: string): DataType[] {
  const value = attr[name]?.value;
  return value?.case === 'list' ? value.value.type : [];
}

function constantStrings(input: string, nodes: ReadonlyMap<string, NodeDef>): string[] | null {
  const name = input.split(':', 1)[0] ?? '';
  const node = nodes.get(name);
  const value = node?.op === 'Const' ? node.attr.value?.value : undefined;
  return value?.case === 'tensor' ? value.value.stringVal.map((bytes) => Buffer.from(bytes).toString()) : null;
}
