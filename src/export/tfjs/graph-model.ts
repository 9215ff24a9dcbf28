import { create, toJson } from '@bufbuild/protobuf';

import { dataTypeOf, tfjsDtype } from '../../tensorflow/data-type.js';
import { GraphDefSchema } from '../../tensorflow/protos/tensorflow/core/framework/graph_pb.js';
import { type NodeDef, NodeDefSchema } from '../../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { attr } from '../../tracing/attr-value.js';
import { nodeOf } from '../../saved-model/freeze/graph-scopes.js';
import { type FlatGraph, type FlatNode, type FlatTensor, notExportable } from '../flat-graph.js';
import { fuseOps } from './fuse-ops.js';
import { graphModelOps } from './graph-model-ops.js';
import type { Quantization } from '../quantization.js';
import { encodeWeight, type WeightEntry } from './encode-weight.js';

/** Size of a file of weights; Google's converter cuts them so that browsers can cache them. */
const shardBytes = 4 * 2 ** 20;

/** A GraphModel as `tf.loadGraphModel` reads it. */
export interface GraphModel {
  /** Content of `model.json`. */
  readonly model: object;
  /** All weights, one after the other; `model.json` lists files of at most 4 MiB. */
  readonly weights: Uint8Array;
}

/**
 * Makes a TF.js GraphModel of a flat graph.
 *
 * The model answers `predict` and `execute` to the names of the signature; `userDefinedMetadata` holds the metadata.
 *
 * Source: `tf_saved_model_conversion_v2.py` and `graph_model.ts` of tfjs-converter 4.22.
 *
 * @throws SignetError `NOT_EXPORTABLE` for an op that a GraphModel does not execute.
 */
export function graphModel(
  given: FlatGraph,
  metadata: Readonly<Record<string, unknown>> = {},
  quantization: Quantization = 'none',
): GraphModel {
  const graph = fuseOps(given);
  const nodes = graph.nodes.map((node) => converted(carried(node)));
  const entries: WeightEntry[] = [];
  const chunks: Uint8Array[] = [];
  for (const [value, constant] of graph.constants) {
    const { entry, bytes } = encodeWeight(nodeOf(value), constant, quantization);
    entries.push(entry);
    chunks.push(bytes);
    nodes.push(constantNode(nodeOf(value), constant));
  }
  const names = new Map(graph.inputs.map(({ name, value }) => [value, name]));
  const node = [
    ...graph.inputs.map(placeholder),
    ...nodes.map((each) => ({ ...each, input: each.input.map((input) => reference(input, names)) })),
    ...graph.outputs.map(({ name, value, spec }) =>
      create(NodeDefSchema, {
        name,
        op: 'Identity',
        input: [reference(value, names)],
        attr: { T: attr.type(jsType(dataTypeOf(spec.dtype))) },
      }),
    ),
  ];
  const weights = Buffer.concat(chunks);
  const topology = create(GraphDefSchema, { node, library: {}, versions: { producer: 1395 } });
  const model = {
    format: 'graph-model',
    generatedBy: 'signet',
    convertedBy: 'signet export-model',
    signature: { inputs: tensorInfos(graph.inputs), outputs: tensorInfos(graph.outputs) },
    userDefinedMetadata: metadata,
    modelTopology: toJson(GraphDefSchema, topology),
    weightsManifest: [{ paths: shardNames(weights.length), weights: entries }],
  };
  return { model, weights };
}

/** Returns the files of a GraphModel by name: `model.json` and its weights. */
export function graphModelFiles({ model, weights }: GraphModel): Map<string, Uint8Array> {
  const shards = shardNames(weights.length).map(
    (name, i) => [name, weights.subarray(i * shardBytes, (i + 1) * shardBytes)] as const,
  );
  return new Map([['model.json', Buffer.from(JSON.stringify(model))], ...shards]);
}

function shardNames(bytes: number): string[] {
  const count = Math.max(1, Math.ceil(bytes / shardBytes));
  return Array.from({ length: count }, (_, i) => `group1-shard${i + 1}of${count}.bin`);
}

function carried(node: FlatNode): FlatNode {
  if (graphModelOps.has(node.op)) return node;
  throw notExportable(node, 'A TF.js GraphModel', 'TensorFlow.js does not execute it');
}

/** TF.js has int32 for uint8 and int64. */
function jsType(type: DataType): DataType {
  return type === DataType.DT_INT64 || type === DataType.DT_UINT8 ? DataType.DT_INT32 : type;
}

function converted({ name, op, inputs, attr: attributes }: FlatNode): NodeDef {
  const kept = Object.entries(attributes).flatMap(([key, value]) => {
    if (key.startsWith('_')) return [];
    return [[key, value.value.case === 'type' ? attr.type(jsType(value.value.value)) : value]];
  });
  return create(NodeDefSchema, {
    name,
    op,
    input: [...inputs],
    attr: { ...defaults[op], ...(Object.fromEntries(kept) as NodeDef['attr']) },
  });
}

/** Defaults of TensorFlow that TF.js takes for others: a SavedModel leaves defaults out. */
const defaults: Readonly<Record<string, NodeDef['attr']>> = {
  FusedBatchNorm: { epsilon: attr.float(1e-4) },
  FusedBatchNormV2: { epsilon: attr.float(1e-4) },
  FusedBatchNormV3: { epsilon: attr.float(1e-4) },
  ResizeBilinear: { half_pixel_centers: attr.bool(false) },
  TopKV2: { sorted: attr.bool(true) },
};

function constantNode(name: string, { dtype, shape }: TensorValue): NodeDef {
  const type = jsType(dataTypeOf(dtype));
  const tensor = { dtype: type, tensorShape: { dim: shape.map((size) => ({ size: BigInt(size) })) } };
  return create(NodeDefSchema, {
    name,
    op: 'Const',
    attr: { dtype: attr.type(type), value: { value: { case: 'tensor', value: tensor } } },
  });
}

function placeholder({ name, spec }: FlatTensor): NodeDef {
  const type = jsType(dataTypeOf(spec.dtype));
  return create(NodeDefSchema, {
    name,
    op: 'Placeholder',
    attr: { dtype: attr.type(type), shape: attr.shape(spec.sizes) },
  });
}

/** `node:0` is written as `node`. */
function reference(value: string, names: ReadonlyMap<string, string>): string {
  const named = names.get(value);
  if (named !== undefined) return named;
  return value.endsWith(':0') ? nodeOf(value) : value;
}

function tensorInfos(tensors: readonly FlatTensor[]): object {
  const info = ({ name, spec }: FlatTensor) => ({
    name: `${name}:0`,
    dtype: `DT_${tfjsDtype(spec.dtype) === 'float32' ? 'FLOAT' : tfjsDtype(spec.dtype).toUpperCase()}`,
    tensorShape:
      spec.sizes === null ? { unknownRank: true } : { dim: spec.sizes.map((size) => ({ size: String(size) })) },
  });
  return Object.fromEntries(tensors.map((tensor) => [tensor.name, info(tensor)]));
}
