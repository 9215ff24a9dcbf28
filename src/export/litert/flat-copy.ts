import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { create, toBinary } from '@bufbuild/protobuf';

import { nodeOf, scopesOf } from '../../saved-model/freeze/graph-scopes.js';
import { dataTypeOf } from '../../tensorflow/data-type.js';
import { type NodeDef, NodeDefSchema } from '../../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type { MetaGraphDef } from '../../tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import { SavedModelSchema } from '../../tensorflow/protos/tensorflow/core/protobuf/saved_model_pb.js';
import { attr, shapeProto } from '../../tracing/attr-value.js';
import { type FlatNode, type FlatTensor, valueOf } from '../flat-graph.js';
import { constantNode, placeholder } from '../graph-nodes.js';
import type { SimplifiedGraph } from '../simplify.js';
import type { ObservedShape } from '../observed-shapes.js';

/** Ops after which TensorFlow knows no size where this input is computed: sizes or paddings. */
const sizesInput = new Map([
  ['Slice', 2],
  ['Pad', 1],
  ['PadV2', 1],
]);

/**
 * Whether LiteRT's converter gets no further with a graph as it is: it lacks the op that smooths, and where sizes are computed, as `--resize
 * crop` and `pad` do, it loses the number of channels, which its convolutions must know.
 */
export function needsFlatCopy({ graphDef }: MetaGraphDef): boolean {
  if (!graphDef) return false;
  const { main, functions } = scopesOf(graphDef);
  return [main, ...functions.values()].some(({ nodes }) =>
    [...nodes.values()].some(({ op, input }) => {
      const at = sizesInput.get(op);
      return op === 'ScaleAndTranslate' || (at !== undefined && nodes.get(nodeOf(input[at] ?? ''))?.op !== 'Const');
    }),
  );
}

/** Writes a flat graph as a SavedModel without variables, with every size that can be known. */
export async function writeFlatCopy(folder: string, simplified: SimplifiedGraph): Promise<void> {
  const { graph } = simplified;
  const nodes = [
    ...graph.inputs.map(placeholder),
    ...[...graph.constants].map(([value, constant]) => constantNode(nodeOf(value), constant)),
    ...graphNodes(simplified),
  ];
  const savedModel = create(SavedModelSchema, {
    savedModelSchemaVersion: 1n,
    metaGraphs: [
      {
        metaInfoDef: { tags: ['serve'] },
        graphDef: { node: nodes, versions: { producer: 1882 } },
        signatureDef: {
          [graph.signature]: {
            inputs: infosOf(graph.inputs.map((input) => ({ ...input, value: `${input.name}:0` }))),
            outputs: infosOf(graph.outputs),
            methodName: 'tensorflow/serving/predict',
          },
        },
      },
    ],
  });
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'saved_model.pb'), toBinary(SavedModelSchema, savedModel));
}

/** The ops; behind those after which sizes are unknown comes a reshape to what was observed. */
function graphNodes({ graph, shapes }: SimplifiedGraph): NodeDef[] {
  const renamed = new Map(graph.inputs.map(({ name, value }) => [value, `${name}:0`]));
  const rename = (value: string) => renamed.get(value) ?? value;
  return graph.nodes.flatMap((node) => {
    const { name, op, attr: attributes, inputs } = node;
    const made = create(NodeDefSchema, { name, op, input: inputs.map(rename), attr: { ...attributes } });
    const shape = shapes.get(valueOf(node)) ?? [];
    const at = sizesInput.get(op);
    const isOpen = at !== undefined && !graph.constants.has(inputs[at] ?? '') && shape.some((size) => size !== null);
    if (!isOpen) return [made];
    renamed.set(valueOf(node), `${name}/known:0`);
    return [made, ...withKnownSizes(node, shape)];
  });
}

/** Reshapes to sizes that the tensor has: constants where they are known, its own where they are not. */
function withKnownSizes({ name, attr: attributes }: FlatNode, shape: ObservedShape): NodeDef[] {
  const int32 = attr.type(DataType.DT_INT32);
  const node = (part: string, op: string, input: string[], attributesOf: NodeDef['attr']) =>
    create(NodeDefSchema, { name: `${name}/${part}`, op, input, attr: attributesOf });
  const constant = (part: string, values: number[], sizes: number[] = [values.length]) =>
    constantNode(`${name}/${part}`, { dtype: 'int32', shape: sizes, values: Int32Array.from(values) });
  const T = attributes.T ?? attr.type(DataType.DT_FLOAT);
  const sizes = shape.flatMap((size, i) => {
    if (size !== null) return [constant(`size_${i}`, [size], [])];
    const ends = [constant(`from_${i}`, [i]), constant(`to_${i}`, [i + 1])];
    const bounds = [`${name}/own`, `${name}/from_${i}`, `${name}/to_${i}`, `${name}/one`];
    const one = { T: int32, Index: int32, shrink_axis_mask: attr.int(1) };
    return [...ends, node(`size_${i}`, 'StridedSlice', bounds, one)];
  });
  const all = shape.map((_, i) => `${name}/size_${i}`);
  return [
    node('own', 'Shape', [`${name}:0`], { T, out_type: int32 }),
    constant('one', [1]),
    ...sizes,
    node('sizes', 'Pack', all, { T: int32, N: attr.int(all.length), axis: attr.int(0) }),
    node('known', 'Reshape', [`${name}:0`, `${name}/sizes`], { T, Tshape: int32 }),
  ];
}

function infosOf(tensors: readonly FlatTensor[]) {
  return Object.fromEntries(
    tensors.map(({ name, value, spec }) => [
      name,
      {
        encoding: { case: 'name' as const, value },
        dtype: dataTypeOf(spec.dtype),
        tensorShape: shapeProto(spec.sizes),
      },
    ]),
  );
}
