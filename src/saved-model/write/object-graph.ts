import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';

import { dataTypeOf } from '../../tensorflow/data-type.js';
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
import type { Capture, ConcreteFunction, NamedSpec } from '../../tracing/concrete-function.js';
import {
  assetsOf,
  checkpointKey,
  graphNameOf,
  type SavedModelParts,
  type TrackedObject,
  variablesOfParts,
} from './saved-model-parts.js';
import { type SignatureExport, signatureExports } from './signature-export.js';
import { wrapperName } from './signature-wrapper.js';

type SavedObjectInit = Pick<MessageInitShape<typeof SavedObjectSchema>, 'kind'>;
type NamedFunction = [name: string, fn: MessageInitShape<typeof SavedConcreteFunctionSchema>];
type StructuredValueInit = MessageInitShape<typeof StructuredValueSchema>;
interface ObjectNode {
  readonly object: SavedObjectInit;
  readonly children: { nodeId: number; localName: string }[];
  readonly checkpoint: { readonly fullName: string; readonly key: string } | undefined;
}

/** The objects of a SavedModel as `tf.saved_model.load` rebuilds them, and as its checkpoint names them. */
export interface ObjectGraph {
  readonly savedObjects: SavedObjectGraph;
  /** A serialized TrackableObjectGraph, stored in the checkpoint as `_CHECKPOINTABLE_OBJECT_GRAPH`. */
  readonly trackableObjects: Uint8Array;
}

/**
 * Builds the objects of a SavedModel. The root holds the functions as methods, `variables` as a list of all, `signatures`, and the
 * nested objects.
 *
 * Source: tensorflow/core/protobuf/saved_object_graph.proto, and what tensorflow/python/saved_model/load.py expects of it.
 */
export function buildObjectGraph(parts: SavedModelParts): ObjectGraph {
  return new ObjectGraphBuilder(parts).build();
}

class ObjectGraphBuilder {
  readonly #parts: SavedModelParts;
  readonly #exports: readonly SignatureExport[];
  readonly #nodes: ObjectNode[] = [];
  readonly #variableIds = new Map<tf.Variable, number>();
  readonly #assetIds = new Map<Asset, number>();
  readonly #functionIds = new Map<ConcreteFunction, number>();
  readonly #objectIds = new Map<TrackedObject, number>();

  constructor(parts: SavedModelParts) {
    this.#parts = parts;
    this.#exports = signatureExports(parts);
  }

  build(): ObjectGraph {
    const root = this.#add(userObject('_generic_user_object'));
    variablesOfParts(this.#parts).forEach((variable, i) => {
      const checkpoint = { fullName: graphNameOf(variable), key: checkpointKey(i) };
      this.#variableIds.set(variable, this.#add(variableObject(variable), checkpoint));
    });
    [...assetsOf(this.#parts).keys()].forEach((each, i) => this.#assetIds.set(each, this.#add(assetObject(i))));
    this.#fill(this.#parts, root);
    this.#addSignatures(root);
    return { savedObjects: this.#savedObjects(), trackableObjects: this.#trackableObjects() };
  }

  #add(object: SavedObjectInit, checkpoint?: ObjectNode['checkpoint']): number {
    return this.#nodes.push({ object, children: [], checkpoint }) - 1;
  }

  #link(parent: number, nodeId: number, localName: string): void {
    this.#nodes[parent]?.children.push({ nodeId, localName });
  }

  /** Adds everything that belongs to an object, and the objects nested in it that are new. */
  #fill(object: TrackedObject, id: number): void {
    this.#objectIds.set(object, id);
    const { functions = {}, variables = {}, lists = {}, assets = {}, children = {}, weights } = object;
    if (object === this.#parts) this.#addList(id, [...this.#variableIds.keys()], 'variables');
    else if (weights) this.#addList(id, weights, 'variables');
    for (const [name, listed] of Object.entries(lists)) this.#addList(id, listed, name);
    for (const [name, fn] of Object.entries(functions)) this.#link(id, this.#functionId(fn), name);
    for (const [name, variable] of Object.entries(variables)) this.#link(id, this.#idOf(variable), name);
    for (const [name, asset] of Object.entries(assets)) this.#link(id, this.#idOf(asset), name);
    for (const [name, child] of Object.entries(children)) this.#addChild(id, child, name);
  }

  #addList(parent: number, variables: readonly tf.Variable[], name: string): void {
    const id = this.#add(userObject('trackable_list_wrapper'));
    this.#link(parent, id, name);
    variables.forEach((variable, i) => this.#link(id, this.#idOf(variable), String(i)));
  }

  #addChild(parent: number, child: TrackedObject, name: string): void {
    const known = this.#objectIds.get(child);
    const id = known ?? this.#add(userObject('_generic_user_object'));
    this.#link(parent, id, name);
    if (known === undefined) this.#fill(child, id);
  }

  #addSignatures(root: number): void {
    const signatures = this.#add(userObject('signature_map'));
    this.#link(root, signatures, 'signatures');
    for (const each of this.#exports) this.#link(signatures, this.#add(signatureObject(each)), each.key);
  }

  #functionId(fn: ConcreteFunction): number {
    const id = this.#functionIds.get(fn) ?? this.#add(functionObject(fn));
    this.#functionIds.set(fn, id);
    return id;
  }

  #idOf(capture: Capture): number {
    return (capture instanceof Asset ? this.#assetIds.get(capture) : this.#variableIds.get(capture)) ?? 0;
  }

  #savedObjects(): SavedObjectGraph {
    const methods = [...this.#functionIds.keys()].map((fn) => this.#method(fn));
    const wrappers = this.#exports.map((each) => this.#wrapper(each));
    return create(SavedObjectGraphSchema, {
      nodes: this.#nodes.map(({ object, children }) => ({ ...object, children })),
      concreteFunctions: Object.fromEntries([...methods, ...wrappers]),
    });
  }

  #trackableObjects(): Uint8Array {
    const graph = create(TrackableObjectGraphSchema, { nodes: this.#nodes.map(trackable) });
    return toBinary(TrackableObjectGraphSchema, graph);
  }

  #method(fn: ConcreteFunction): NamedFunction {
    return [
      fn.name,
      {
        boundInputs: fn.captures.map((capture) => this.#idOf(capture)),
        canonicalizedInputSignature: tuple(tuple(...fn.inputs.map(specValue)), dict({})),
        // A tf function that returns a tensor returns a tensor in Python; a signature always returns a dictionary.
        outputSignature: fn.returnsOneTensor && fn.outputs[0] ? specValue(fn.outputs[0]) : specDict(fn.outputs),
      },
    ];
  }

  #wrapper({ key, fn, inputs, outputs }: SignatureExport): NamedFunction {
    return [
      wrapperName(key),
      {
        boundInputs: fn.captures.map((capture) => this.#idOf(capture)),
        // A signature is called by keyword only, a method by position too.
        canonicalizedInputSignature: tuple(tuple(), specDict(inputs)),
        outputSignature: specDict(outputs),
      },
    ];
  }
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
  const dtype = dataTypeOf(variable.dtype);
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

function signatureObject({ key, inputs }: SignatureExport): SavedObjectInit {
  const value = {
    concreteFunctionName: wrapperName(key),
    argumentKeywords: inputs.map(({ name }) => name),
    // As Python writes it (signature_serialization.py): the order of several inputs is not defined, that of one is plain.
    allowedPositionalArguments: BigInt(inputs.length === 1 ? 1 : 0),
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
