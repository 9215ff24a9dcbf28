import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';

import { dataTypeOf, type DType } from '../../tensorflow/data-type.js';
import {
  type SavedConcreteFunctionSchema,
  type SavedObjectGraph,
  SavedObjectGraphSchema,
  type SavedObjectSchema,
} from '../../tensorflow/protos/tensorflow/core/protobuf/saved_object_graph_pb.js';
import type { StructuredValueSchema } from '../../tensorflow/protos/tensorflow/core/protobuf/struct_pb.js';
import { TrackableObjectGraphSchema } from '../../tensorflow/protos/tensorflow/core/protobuf/trackable_object_graph_pb.js';
import type * as tf from '../../tensorflow/tf.js';
import { Asset } from '../../tracing/asset.js';
import { shapeProto } from '../../tracing/attr-value.js';
import type { ConcreteFunction, NamedSpec } from '../../tracing/concrete-function.js';
import {
  assetsOf,
  checkpointKey,
  graphNameOf,
  type SavedModelParts,
  type TrackedObject,
  variablesOf,
} from './saved-model-parts.js';
import { signatureExports } from './signature-export.js';
import { wrapperName } from './signature-wrapper.js';

type SavedObjectInit = Pick<MessageInitShape<typeof SavedObjectSchema>, 'kind'>;
type NamedFunction = [name: string, fn: MessageInitShape<typeof SavedConcreteFunctionSchema>];
type StructuredValueInit = MessageInitShape<typeof StructuredValueSchema>;
interface ObjectNode {
  readonly object: SavedObjectInit;
  readonly children: { nodeId: number; localName: string }[];
  readonly checkpoint?: { readonly fullName: string; readonly key: string };
}

/** The objects of a SavedModel as `tf.saved_model.load` rebuilds them, and as its checkpoint names them. */
export interface ObjectGraph {
  readonly savedObjects: SavedObjectGraph;
  /** A serialized TrackableObjectGraph, which stands in the checkpoint under `_CHECKPOINTABLE_OBJECT_GRAPH`. */
  readonly trackableObjects: Uint8Array;
}

/**
 * The root object holds the functions as methods, `variables` as a list of all, `signatures`, and what is nested.
 *
 * Source: tensorflow/core/protobuf/saved_object_graph.proto, and what tensorflow/python/saved_model/load.py asks of it.
 */
export function buildObjectGraph(parts: SavedModelParts): ObjectGraph {
  const nodes: ObjectNode[] = [];
  const add = (object: SavedObjectInit, checkpoint?: ObjectNode['checkpoint']) =>
    nodes.push({ object, children: [], ...(checkpoint ? { checkpoint } : {}) }) - 1;
  const link = (parent: number, nodeId: number, localName: string) =>
    nodes[parent]?.children.push({ nodeId, localName });

  const root = add(userObject('_generic_user_object'));
  const list = (parent: number, variables: readonly tf.Variable[], name = 'variables') => {
    const id = add(userObject('trackable_list_wrapper'));
    link(parent, id, name);
    variables.forEach((variable, i) => link(id, variableIds.get(variable) ?? 0, String(i)));
  };
  const variableIds = new Map<tf.Variable, number>();
  variablesOf(parts).forEach((variable, i) => {
    const checkpoint = { fullName: graphNameOf(variable), key: checkpointKey(i) };
    variableIds.set(variable, add(variableObject(variable), checkpoint));
  });
  const assetIds = new Map([...assetsOf(parts).keys()].map((each, i) => [each, add(assetObject(i))] as const));
  const functionIds = new Map<ConcreteFunction, number>();
  const functionId = (fn: ConcreteFunction) => {
    const id = functionIds.get(fn) ?? add(functionObject(fn));
    functionIds.set(fn, id);
    return id;
  };
  const objectIds = new Map<TrackedObject, number>();
  const fill = (object: TrackedObject, id: number) => {
    objectIds.set(object, id);
    const { functions = {}, variables = {}, lists = {}, assets = {}, children = {}, weights } = object;
    if (object === parts) list(id, [...variableIds.keys()]);
    else if (weights) list(id, weights);
    for (const [name, listed] of Object.entries(lists)) list(id, listed, name);
    for (const [name, fn] of Object.entries(functions)) link(id, functionId(fn), name);
    for (const [name, variable] of Object.entries(variables)) link(id, variableIds.get(variable) ?? 0, name);
    for (const [name, each] of Object.entries(assets)) link(id, assetIds.get(each) ?? 0, name);
    for (const [name, child] of Object.entries(children)) {
      const known = objectIds.get(child);
      const childId = known ?? add(userObject('_generic_user_object'));
      link(id, childId, name);
      if (known === undefined) fill(child, childId);
    }
  };
  fill(parts, root);
  const signatures = add(userObject('signature_map'));
  link(root, signatures, 'signatures');
  const exports = signatureExports(parts);
  for (const { key, fn } of exports) link(signatures, add(signatureObject(key, fn)), key);

  const boundInputs = ({ captures }: ConcreteFunction) =>
    captures.map((capture) => (capture instanceof Asset ? assetIds.get(capture) : variableIds.get(capture)) ?? 0);
  const methods = [...functionIds.keys()].map((fn): NamedFunction => [
    fn.name,
    {
      boundInputs: boundInputs(fn),
      canonicalizedInputSignature: tuple(tuple(...fn.inputs.map(specValue)), dict({})),
      // A tf function that returns a tensor gives Python a tensor; a signature always gives a dictionary.
      outputSignature: fn.returnsOneTensor && fn.outputs[0] ? specValue(fn.outputs[0]) : specDict(fn.outputs),
    },
  ]);
  const wrappers = exports.map(({ key, fn, outputs }): NamedFunction => [
    wrapperName(key),
    {
      boundInputs: boundInputs(fn),
      // A signature is called by keyword alone; a method by position too.
      canonicalizedInputSignature: tuple(tuple(), specDict(fn.inputs)),
      outputSignature: specDict(outputs),
    },
  ]);
  return {
    savedObjects: create(SavedObjectGraphSchema, {
      nodes: nodes.map(({ object, children }) => ({ ...object, children })),
      concreteFunctions: Object.fromEntries([...methods, ...wrappers]),
    }),
    trackableObjects: toBinary(
      TrackableObjectGraphSchema,
      create(TrackableObjectGraphSchema, { nodes: nodes.map(trackable) }),
    ),
  };
}

function trackable({ children, checkpoint }: ObjectNode) {
  const attribute = checkpoint && {
    name: 'VARIABLE_VALUE',
    fullName: checkpoint.fullName,
    checkpointKey: checkpoint.key,
  };
  return { children, attributes: attribute ? [attribute] : [] };
}

function userObject(identifier: string): SavedObjectInit {
  return { kind: { case: 'userObject', value: { identifier, version: { producer: 1, minConsumer: 1 } } } };
}

function assetObject(assetFileDefIndex: number): SavedObjectInit {
  return { kind: { case: 'asset', value: { assetFileDefIndex } } };
}

function variableObject(variable: tf.Variable): SavedObjectInit {
  const dtype = dataTypeOf(variable.dtype as DType);
  const name = graphNameOf(variable);
  return {
    kind: {
      case: 'variable',
      value: { dtype, shape: shapeProto(variable.shape), trainable: variable.trainable, name },
    },
  };
}

function functionObject(fn: ConcreteFunction): SavedObjectInit {
  const fullArgSpec = {
    name: 'FullArgSpec',
    values: [
      { key: 'args', value: listValue(...fn.inputs.map(({ name }) => stringValue(name))) },
      { key: 'varargs', value: none },
      { key: 'varkw', value: none },
      { key: 'defaults', value: none },
      { key: 'kwonlyargs', value: listValue() },
      { key: 'kwonlydefaults', value: none },
      { key: 'annotations', value: dict({}) },
    ],
  };
  const functionSpec = {
    fullargspec: { kind: { case: 'namedTupleValue', value: fullArgSpec } },
    isMethod: false,
    inputSignature: tuple(...fn.inputs.map(specValue)),
  } as const;
  return { kind: { case: 'function', value: { concreteFunctions: [fn.name], functionSpec } } };
}

function signatureObject(key: string, fn: ConcreteFunction): SavedObjectInit {
  const value = {
    concreteFunctionName: wrapperName(key),
    argumentKeywords: fn.inputs.map(({ name }) => name),
    allowedPositionalArguments: BigInt(0),
  };
  return { kind: { case: 'bareConcreteFunction', value } };
}

function specDict(specs: readonly NamedSpec[]): StructuredValueInit {
  return dict(Object.fromEntries(specs.map((each) => [each.name, specValue(each)])));
}

function specValue({ name, spec }: NamedSpec): StructuredValueInit {
  const value = { name, shape: shapeProto(spec.sizes), dtype: dataTypeOf(spec.dtype) };
  return { kind: { case: 'tensorSpecValue', value } };
}

const none: StructuredValueInit = { kind: { case: 'noneValue', value: {} } };
const stringValue = (value: string): StructuredValueInit => ({ kind: { case: 'stringValue', value } });
const tuple = (...values: StructuredValueInit[]): StructuredValueInit => ({
  kind: { case: 'tupleValue', value: { values } },
});
const listValue = (...values: StructuredValueInit[]): StructuredValueInit => ({
  kind: { case: 'listValue', value: { values } },
});
const dict = (fields: Record<string, StructuredValueInit>): StructuredValueInit => ({
  kind: { case: 'dictValue', value: { fields } },
});
