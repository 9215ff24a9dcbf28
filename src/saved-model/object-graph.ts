import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';

import { dataTypeOf, type DType } from '../tensorflow/data-type.js';
import {
  type SavedObjectGraph,
  SavedObjectGraphSchema,
  type SavedObjectSchema,
} from '../tensorflow/protos/tensorflow/core/protobuf/saved_object_graph_pb.js';
import type { StructuredValueSchema } from '../tensorflow/protos/tensorflow/core/protobuf/struct_pb.js';
import { TrackableObjectGraphSchema } from '../tensorflow/protos/tensorflow/core/protobuf/trackable_object_graph_pb.js';
import { shapeProto } from '../tracing/attr-value.js';
import type { ConcreteFunction, NamedSpec } from '../tracing/concrete-function.js';
import { checkpointKey, graphNameOf, type SavedModelParts, variablesOf } from './saved-model-parts.js';
import { wrapperName } from './signature-wrapper.js';

type SavedObjectInit = Pick<MessageInitShape<typeof SavedObjectSchema>, 'kind'>;
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
 * The root object holds the functions as methods, `variables` as a list, and `signatures`.
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
  const list = add(userObject('trackable_list_wrapper'));
  link(root, list, 'variables');
  const variables = variablesOf(parts);
  const variableIds = new Map(
    variables.map((variable, i) => {
      const fullName = graphNameOf(variable);
      const id = add(variableObject(variable), { fullName, key: checkpointKey(i) });
      link(list, id, String(i));
      return [variable, id];
    }),
  );
  for (const [name, fn] of Object.entries(parts.functions)) link(root, add(functionObject(fn)), name);
  const signatures = add(userObject('signature_map'));
  link(root, signatures, 'signatures');
  for (const [key, functionName] of Object.entries(parts.signatures)) {
    const fn = parts.functions[functionName];
    if (fn) link(signatures, add(signatureObject(key, fn)), key);
  }

  const concreteFunctions = Object.values(parts.functions).map((fn) => [fn.name, savedFunction(fn, false)] as const);
  const wrappers = Object.entries(parts.signatures).flatMap(([key, functionName]) => {
    const fn = parts.functions[functionName];
    return fn ? [[wrapperName(key), savedFunction(fn, true)] as const] : [];
  });
  function savedFunction(fn: ConcreteFunction, isSignature: boolean) {
    const boundInputs = fn.captures.map((variable) => variableIds.get(variable) ?? 0);
    const specs = fn.inputs.map(specValue);
    // A signature is called by keyword alone; a method by position too.
    const byKeyword = Object.fromEntries(fn.inputs.map((input) => [input.name, specValue(input)]));
    const signature = isSignature ? tuple(tuple(), dict(byKeyword)) : tuple(tuple(...specs), dict({}));
    return {
      boundInputs,
      canonicalizedInputSignature: signature,
      outputSignature: outputSignature(fn, isSignature),
    };
  }
  return {
    savedObjects: create(SavedObjectGraphSchema, {
      nodes: nodes.map(({ object, children }) => ({ ...object, children })),
      concreteFunctions: Object.fromEntries([...concreteFunctions, ...wrappers]),
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

function variableObject(variable: {
  dtype: string;
  shape: number[];
  trainable: boolean;
  name: string;
}): SavedObjectInit {
  const dtype = dataTypeOf(variable.dtype as DType);
  const name = graphNameOf(variable as Parameters<typeof graphNameOf>[0]);
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

/** A tf function that returns a tensor gives Python a tensor; a signature always gives a dictionary. */
function outputSignature(fn: ConcreteFunction, isSignature: boolean): StructuredValueInit {
  const [only] = fn.outputs;
  if (fn.returnsOneTensor && !isSignature && only) return specValue(only);
  return dict(Object.fromEntries(fn.outputs.map((output) => [output.name, specValue(output)])));
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
