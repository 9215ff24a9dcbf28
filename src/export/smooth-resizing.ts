import { clone, create } from '@bufbuild/protobuf';

import { callOp } from '../ops/call-op.js';
import { asTensor, rangeTo, type Size, sizeAlong } from '../tensorflow/computed-sizes.js';
import { type NodeDef, NodeDefSchema } from '../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { type MetaGraphDef, MetaGraphDefSchema } from '../tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import { attribute } from '../tensorflow/run-op.js';
import * as tf from '../tensorflow/tf.js';
import { tensorValueOf } from '../saved-model/read/tensor-proto-value.js';
import { nodeOf } from '../saved-model/freeze/graph-scopes.js';
import { attr } from '../tracing/attr-value.js';
import type { ConcreteFunction } from '../tracing/concrete-function.js';
import { tensorSpec } from '../tracing/tensor-spec.js';
import { tfFunction } from '../tracing/tf-function.js';
import { type FlatNode, switchAttribute, textAttribute } from './flat-graph.js';

/** The op of `resizeImages` with `antialias`, and of `tf.image.resize(antialias=True)`. */
const smoothing = 'ScaleAndTranslate';

/**
 * Replaces smoothed resizing by ops that TF.js and LiteRT have: products of the pictures with two matrices, which are computed from their sizes.
 *
 * @returns A copy of the graph; null where there is nothing to replace.
 */
export function withoutSmoothResizing(given: MetaGraphDef): MetaGraphDef | null {
  if (!scopesOf(given).some((scope) => replaceable(scope).length > 0)) return null;
  const metaGraph = clone(MetaGraphDefSchema, given);
  const fn = smoothResizing();
  for (const scope of scopesOf(metaGraph)) replaceIn(scope, fn.name);
  metaGraph.graphDef?.library?.function.push(...fn.library.map(({ definition }) => definition));
  return metaGraph;
}

/** Whether an op resizes by a triangle, as bilinear resizing does, and smooths. */
function isSmoothing(node: Pick<FlatNode, 'attr'>): boolean {
  return textAttribute(node, 'kernel_type', 'lanczos3') === 'triangle' && switchAttribute(node, 'antialias', true);
}

/** A graph, or the body of a function. */
interface Scope {
  readonly nodes: NodeDef[];
  /** What a function returns; null for a graph. */
  readonly results: Record<string, string> | null;
}

function scopesOf({ graphDef }: MetaGraphDef): Scope[] {
  if (!graphDef?.library) return [];
  const functions = graphDef.library.function.map(({ nodeDef, ret }) => ({ nodes: nodeDef, results: ret }));
  return [{ nodes: graphDef.node, results: null }, ...functions];
}

/** The nodes that smooth; a picture that is moved as well is left alone. */
function replaceable({ nodes }: Scope): NodeDef[] {
  return nodes.filter((node) => {
    if (node.op !== smoothing || !isSmoothing(node)) return false;
    const translation = nodes.find(({ name }) => name === nodeOf(node.input[3] ?? ''))?.attr.value?.value;
    return translation?.case === 'tensor' && Array.from<unknown>(tensorValueOf(translation.value).values).every(isZero);
  });
}

function isZero(value: unknown): boolean {
  return value === 0;
}

/** The node keeps its name; in a function, its output has another one. */
function replaceIn(scope: Scope, name: string): void {
  const { nodes, results } = scope;
  const smoothingNodes = replaceable(scope);
  for (const node of smoothingNodes) {
    const [images = '', size = '', scale = ''] = node.input;
    const cast = `${node.name}/float`;
    const types = { SrcT: node.attr.T ?? attr.type(DataType.DT_FLOAT), DstT: attr.type(DataType.DT_FLOAT) };
    nodes.push(create(NodeDefSchema, { name: cast, op: 'Cast', input: [images], attr: types }));
    node.op = 'PartitionedCall';
    node.input = [results ? `${cast}:y:0` : cast, size, scale];
    node.attr = {
      Tin: attr.types([DataType.DT_FLOAT, DataType.DT_INT32, DataType.DT_FLOAT]),
      Tout: attr.types([DataType.DT_FLOAT]),
      f: attr.func(name),
    };
  }
  if (!results) return;
  const outputs = new Map(smoothingNodes.map((node) => [`${node.name}:resized_images:0`, `${node.name}:output:0`]));
  const rename = (input: string) => outputs.get(input) ?? input;
  for (const node of nodes) node.input = node.input.map(rename);
  for (const [key, value] of Object.entries(results)) results[key] = rename(value);
}

/** Traced when the first model needs it. */
let traced: ConcreteFunction | null = null;

function smoothResizing(): ConcreteFunction {
  traced ??= tfFunction(resizeSmoothly, {
    name: 'smooth_resizing',
    inputSignature: {
      images: tensorSpec('float32', [null, null, null, null]),
      size: tensorSpec('int32', [2]),
      scale: tensorSpec('float32', [2]),
    },
  }).getConcreteFunction();
  return traced;
}

/**
 * Computes what the kernel does (tensorflow/core/kernels/image/scale_and_translate_op.cc). One axis after the other is brought to the end and
 * multiplied by a matrix: a product of two matrices is fast everywhere.
 */
function resizeSmoothly(images: tf.Tensor4D, size: tf.Tensor1D, scale: tf.Tensor1D): tf.Tensor4D {
  return tf.tidy(() => {
    const [height, width] = [0, 1].map((axis) => at(size, axis));
    const columns = tf.transpose(images, [0, 1, 3, 2]);
    const narrow = alongLast(columns, width, at(scale, 1));
    const rows = alongLast(tf.transpose(narrow, [0, 3, 2, 1]), height, at(scale, 0));
    return tf.transpose<tf.Tensor4D>(rows, [0, 3, 1, 2]);
  });
}

function at(vector: tf.Tensor1D, position: number): tf.Scalar {
  return tf.reshape(tf.slice(vector, [position], [1]), []);
}

/** Resizes the last axis. */
function alongLast(x: tf.Tensor4D, count: tf.Tensor | undefined, scale: tf.Tensor): tf.Tensor4D {
  if (!count) throw new Error('unreachable: pictures have two sides');
  const old = sizeAlong(x, 3);
  const product = tf.matMul(tf.reshape(x, [-1, x.shape[3]]), weights(old, count, scale));
  const sizes = tf.stack([0, 1, 2].map((axis) => asTensor(sizeAlong(x, axis))).concat(count));
  const types = [attribute.type('T', 'float32'), attribute.type('Tshape', 'int32')];
  const [a, b, c] = x.shape;
  return callOp('Reshape', types, [product, sizes], { dtype: 'float32', shape: [a, b, c, null] }) as tf.Tensor4D;
}

/** How much each old position counts for each new one, [old, new]. */
function weights(old: Size, count: Size, scale: tf.Tensor): tf.Tensor2D {
  const step = tf.div(1, scale);
  const reach = tf.maximum(step, 1);
  const middles = tf.expandDims(tf.mul(tf.add(tf.cast(rangeTo(count), 'float32'), 0.5), step), 0);
  const positions = tf.expandDims(tf.add(tf.cast(rangeTo(old), 'float32'), 0.5), 1);
  const triangles = tf.relu(tf.sub(1, tf.div(tf.abs(tf.sub(positions, middles)), reach)));
  return tf.div(triangles, tf.sum(triangles, 0, true));
}
