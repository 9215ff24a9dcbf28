import { create, type MessageInitShape } from '@bufbuild/protobuf';

import { tensorflowVersion } from '../../tensorflow/backend.js';
import { dataTypeOf } from '../../tensorflow/data-type.js';
import type { NodeDefSchema } from '../../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import {
  type MetaGraphDef,
  MetaGraphDefSchema,
  type SignatureDefSchema,
} from '../../tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import { SaverDef_CheckpointFormatVersion } from '../../tensorflow/protos/tensorflow/core/protobuf/saver_pb.js';
import type * as tf from '../../tensorflow/tf.js';
import { Asset } from '../../tracing/asset.js';
import { attr, shapeProto } from '../../tracing/attr-value.js';
import type { Capture, NamedSpec } from '../../tracing/concrete-function.js';
import { tensorAttribute } from '../../tracing/tensor-proto.js';
import type { ObjectGraph } from './object-graph.js';
import {
  assetsOf,
  checkpointKey,
  functionsOf,
  graphNameOf,
  type SavedModelParts,
  variablesOfParts,
} from './saved-model-parts.js';
import { type SignatureExport, signatureExports } from './signature-export.js';
import { callAttributes, signatureWrapper, wrapperName } from './signature-wrapper.js';

type NodeDefInit = MessageInitShape<typeof NodeDefSchema>;
type SignatureDefInit = MessageInitShape<typeof SignatureDefSchema>;

/** The checkpoint's entry that holds the object graph; Python looks for it under this name. */
export const objectGraphKey = '_CHECKPOINTABLE_OBJECT_GRAPH';

/**
 * Mark that a graph needs no guards when it is loaded, since tracing added them where sizes are unknown (`src/tracing/shape-guards.ts`). TensorFlow
 * leaves the version of a meta graph to its author.
 */
export const guardedGraph = 'signet: shapes are guarded';

/** GraphDef versions: produced by a TensorFlow of 2024 or later, readable since 2015 (tensorflow/core/public/version.h). */
const graphVersions = { producer: 2000, minConsumer: 12 };

/** The names of a signature's tensors in the graph: of the function's inputs and of the signature's outputs, each in their order. */
export interface SignatureTensors {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** A graph, and the tensors of its signatures by key. */
export interface BuiltMetaGraph {
  readonly metaGraph: MetaGraphDef;
  readonly tensors: ReadonlyMap<string, SignatureTensors>;
}

/**
 * Builds the graph that TensorFlow's loader runs: variables, one placeholder per input and one call per signature, and the ops
 * that restore and save the variables.
 */
export function buildMetaGraph(parts: SavedModelParts, objectGraph: ObjectGraph): BuiltMetaGraph {
  const graph = new GraphNodes();
  const variables = variablesOfParts(parts);
  for (const variable of variables) graph.add(graphNameOf(variable), 'VarHandleOp', [], handleAttributes(variable));
  const assets = addAssets(graph, parts);
  const captured = (capture: Capture) =>
    capture instanceof Asset ? (assets.paths.get(capture) ?? '') : graphNameOf(capture);
  const exports = signatureExports(parts);
  const tensors = new Map(
    exports.map((each) => [each.key, addCall(graph, each, each.fn.captures.map(captured))] as const),
  );
  addRestore(graph, variables);
  addSave(graph, variables, objectGraph.trackableObjects);
  graph.add(
    'NoOp',
    'NoOp',
    assets.initializers.map((node) => `^${node}`),
    {},
  );
  const library = new Map(functionsOf(parts).flatMap((fn) => fn.library.map((each) => [each.name, each.definition])));
  for (const each of exports) library.set(wrapperName(each.key), signatureWrapper(each));
  const metaGraph = create(MetaGraphDefSchema, {
    metaInfoDef: { metaGraphVersion: guardedGraph, tags: ['serve'], tensorflowVersion, strippedDefaultAttrs: true },
    graphDef: { node: graph.nodes, library: { function: [...library.values()] }, versions: graphVersions },
    saverDef: {
      filenameTensorName: 'saver_filename:0',
      saveTensorName: 'save_path:0',
      restoreOpName: 'restore_path',
      maxToKeep: 1,
      version: SaverDef_CheckpointFormatVersion.V2,
    },
    signatureDef: {
      ...Object.fromEntries(exports.map((each) => [each.key, signatureDef(each, tensors.get(each.key))])),
      __saved_model_init_op: {
        outputs: {
          __saved_model_init_op: { encoding: { case: 'name', value: 'NoOp' }, tensorShape: shapeProto(null) },
        },
      },
    },
    assetFileDef: assets.files,
    objectGraphDef: objectGraph.savedObjects,
  });
  return { metaGraph, tensors };
}

class GraphNodes {
  readonly nodes: NodeDefInit[] = [];
  #calls = 0;

  add(name: string, op: string, input: string[], attributes: NonNullable<NodeDefInit['attr']>): string {
    this.nodes.push({ name, op, input, attr: attributes });
    return name;
  }

  stringConstant(name: string, values: readonly (string | Uint8Array)[], shape: readonly number[]): string {
    const bytes = values.map((value) => (typeof value === 'string' ? Buffer.from(value) : value));
    const { attribute } = tensorAttribute(DataType.DT_STRING, shape, bytes);
    return this.add(name, 'Const', [], { dtype: attr.type(DataType.DT_STRING), value: attribute });
  }

  /** Names calls as TensorFlow does: `StatefulPartitionedCall`, `StatefulPartitionedCall_1`. */
  call(input: string[], attributes: NonNullable<NodeDefInit['attr']>): string {
    const suffix = this.#calls === 0 ? '' : `_${this.#calls}`;
    this.#calls += 1;
    return this.add(`StatefulPartitionedCall${suffix}`, 'StatefulPartitionedCall', input, attributes);
  }
}

function addCall(
  graph: GraphNodes,
  { key, fn, inputs, outputs }: SignatureExport,
  captured: readonly string[],
): SignatureTensors {
  const placeholders = inputs.map(({ name, spec }) =>
    // The shape stays open here: REST's columnar form sends one string as a scalar, and an optimizer that trusted a placeholder's shape would remove
    // the reshape that allows it. The SignatureDef states the shape.
    graph.add(`${key}_${name}`, 'Placeholder', [], {
      dtype: attr.type(dataTypeOf(spec.dtype)),
      shape: attr.shape(spec.dtype === 'string' ? null : spec.sizes),
    }),
  );
  const call = graph.call([...placeholders, ...captured], callAttributes(fn, inputs, outputs, wrapperName(key)));
  const tensors = new Map(inputs.map(({ name }, i) => [name, `${placeholders[i]}:0`]));
  return {
    inputs: fn.inputs.map(({ name }) => tensors.get(name) ?? ''),
    outputs: outputs.map((_, i) => `${call}:${i}`),
  };
}

function signatureDef(
  { fn, method, outputs }: SignatureExport,
  tensors: SignatureTensors | undefined,
): SignatureDefInit {
  const infos = (specs: readonly NamedSpec[], names: readonly string[] = []) =>
    Object.fromEntries(specs.map(({ name, spec }, i) => [name, tensorInfo(spec, names[i] ?? '')]));
  return {
    inputs: infos(fn.inputs, tensors?.inputs),
    outputs: infos(outputs, tensors?.outputs),
    methodName: `tensorflow/serving/${method}`,
  };
}

function tensorInfo(spec: NamedSpec['spec'], name: string) {
  return {
    encoding: { case: 'name' as const, value: name },
    dtype: dataTypeOf(spec.dtype),
    tensorShape: shapeProto(spec.sizes),
  };
}

/**
 * The path of each asset is a variable that is set when the model is loaded, since only then is the folder known: the loader feeds the tensors that
 * `asset_file_def` names. Source: `_process_asset` in tensorflow/python/saved_model/save.py.
 */
function addAssets(graph: GraphNodes, parts: SavedModelParts) {
  const paths = new Map<Asset, string>();
  const initializers: string[] = [];
  const string = attr.type(DataType.DT_STRING);
  const files = [...assetsOf(parts)].map(([asset, filename], i) => {
    const path = graph.add(`asset_path_initializer_${i}`, 'Placeholder', [], { dtype: string, shape: attr.shape([]) });
    const handle = graph.add(`asset_path_${i}`, 'VarHandleOp', [], {
      shared_name: attr.string(`asset_path_${i}`),
      container: attr.string(''),
      dtype: string,
      shape: attr.shape([]),
    });
    initializers.push(graph.add(`asset_path_${i}/assign`, 'AssignVariableOp', [handle, path], { dtype: string }));
    paths.set(asset, graph.add(`asset_path_${i}/read`, 'ReadVariableOp', [handle], { dtype: string }));
    return { filename, tensorInfo: { encoding: { case: 'name' as const, value: `${path}:0` } } };
  });
  return { paths, initializers, files };
}

function addRestore(graph: GraphNodes, variables: readonly tf.Variable[]): void {
  const count = variables.length;
  graph.add('saver_filename', 'Placeholder', [], { dtype: attr.type(DataType.DT_STRING), shape: attr.shape([]) });
  if (count > 0) {
    const names = graph.stringConstant(
      'RestoreV2/tensor_names',
      variables.map((_, i) => checkpointKey(i)),
      [count],
    );
    const slices = graph.stringConstant(
      'RestoreV2/shape_and_slices',
      variables.map(() => ''),
      [count],
    );
    graph.add('RestoreV2', 'RestoreV2', ['saver_filename', names, slices], {
      dtypes: attr.types(variables.map(typeOf)),
    });
  }
  const assigned = variables.map((variable, i) => {
    const inputs = [graphNameOf(variable), `RestoreV2:${i}`];
    return graph.add(`restore/assign_${i}`, 'AssignVariableOp', inputs, { dtype: attr.type(typeOf(variable)) });
  });
  graph.add('restore_path', 'Identity', ['saver_filename', ...assigned.map((node) => `^${node}`)], {
    T: attr.type(DataType.DT_STRING),
  });
}

/** Saves what `tf.saved_model.load` can load again: the variables and the object graph. */
function addSave(graph: GraphNodes, variables: readonly tf.Variable[], trackableObjects: Uint8Array): void {
  const keys = [objectGraphKey, ...variables.map((_, i) => checkpointKey(i))];
  const names = graph.stringConstant('SaveV2/tensor_names', keys, [keys.length]);
  const slices = graph.stringConstant(
    'SaveV2/shape_and_slices',
    keys.map(() => ''),
    [keys.length],
  );
  const objects = graph.stringConstant('SaveV2/object_graph', [trackableObjects], []);
  const values = variables.map((variable, i) =>
    graph.add(`save/read_${i}`, 'ReadVariableOp', [graphNameOf(variable)], { dtype: attr.type(typeOf(variable)) }),
  );
  graph.add('SaveV2', 'SaveV2', ['saver_filename', names, slices, objects, ...values], {
    dtypes: attr.types([DataType.DT_STRING, ...variables.map(typeOf)]),
  });
  graph.add('save_path', 'Identity', ['saver_filename', '^SaveV2'], { T: attr.type(DataType.DT_STRING) });
}

function handleAttributes(variable: tf.Variable) {
  return {
    shared_name: attr.string(graphNameOf(variable)),
    container: attr.string(''),
    dtype: attr.type(typeOf(variable)),
    shape: attr.shape(variable.shape),
  };
}

function typeOf(variable: tf.Variable): DataType {
  return dataTypeOf(variable.dtype);
}
