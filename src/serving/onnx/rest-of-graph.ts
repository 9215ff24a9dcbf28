import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { create, toBinary } from '@bufbuild/protobuf';

import { type FlatGraph, type FlatNode, withoutDeadNodes } from '../../export/flat-graph.js';
import { constantNode, placeholder } from '../../export/graph-nodes.js';
import { nodeOf, reachableFunctions } from '../../saved-model/freeze/graph-scopes.js';
import type { FunctionDef } from '../../tensorflow/protos/tensorflow/core/framework/function_pb.js';
import { type NodeDef, NodeDefSchema } from '../../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import { SavedModelSchema } from '../../tensorflow/protos/tensorflow/core/protobuf/saved_model_pb.js';
import { tensorSpec } from '../../tracing/tensor-spec.js';
import type { NetworkCut } from './cut-network.js';

/** A signature without its network, as it is in the graph of the rest. */
export interface RestOfSignature {
  /** Tensors that inputs are fed to, by their names. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The tensor that goes into the network. */
  readonly entry: string;
  /** Whether it is an input, so that nothing comes before the network. */
  readonly isEntryAnInput: boolean;
  /** Tensors that represent the exits of the network, in their order. */
  readonly exits: readonly string[];
  /** Tensors of the outputs by name; `exits` are the network's own. */
  readonly outputs: Readonly<Record<string, string>>;
}

/** The part of several signatures that TensorFlow still computes: everything before and after the network. */
export class RestOfGraph {
  readonly #nodes: NodeDef[] = [];
  #signatures = 0;

  constructor(private readonly functions: ReadonlyMap<string, FunctionDef>) {}

  /** Adds a signature. Its nodes get their own prefix, since what one signature computes may be an input of another, as in graphs of TensorFlow 1. */
  add(graph: FlatGraph, { entry, exits }: NetworkCut): RestOfSignature {
    const prefix = `signature_${this.#signatures}/`;
    this.#signatures += 1;
    const stand = new Map(exits.map((value, i) => [value, `exit_${i}:0`]));
    const rename = (value: string) => stand.get(value) ?? value;
    const own = (value: string) => `${prefix}${value}`;
    const outputs = graph.outputs.map((output) => ({ ...output, value: rename(output.value) }));
    // Nothing takes what the network computes any more: its nodes are dead.
    const rest = withoutDeadNodes({
      ...graph,
      nodes: graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(rename) })),
      outputs: [...outputs, { name: 'entry', value: entry, spec: tensorSpec('float32', null) }],
    });
    const entries = [...graph.inputs, ...Array.from(stand.values(), (value) => ({ value, spec: tensorSpec('float32', null) }))]; // prettier-ignore
    for (const { value, spec } of entries) this.#nodes.push(placeholder({ name: nodeOf(own(value)), spec }));
    for (const [value, constant] of rest.constants) this.#nodes.push(constantNode(nodeOf(own(value)), constant));
    for (const node of rest.nodes) this.#nodes.push(nodeDefOf({ ...node, name: own(node.name), inputs: node.inputs.map(own) })); // prettier-ignore
    return {
      inputs: Object.fromEntries(graph.inputs.map(({ name, value }) => [name, own(value)])),
      entry: own(entry),
      isEntryAnInput: graph.inputs.some(({ value }) => value === entry),
      exits: Array.from(stand.values(), own),
      outputs: Object.fromEntries(outputs.map(({ name, value }) => [name, own(value)])),
    };
  }

  /** Writes a SavedModel without variables, whose tensors are used by their names. */
  async write(folder: string): Promise<void> {
    const node = this.#nodes;
    const used = reachableFunctions(node, (name) => this.functions.get(name));
    const graphDef = { node, library: { function: used }, versions: { producer: 1882 } };
    const metaGraphs = [{ metaInfoDef: { tags: ['serve'] }, graphDef }];
    const savedModel = create(SavedModelSchema, { savedModelSchemaVersion: 1n, metaGraphs });
    await writeFile(path.join(folder, 'saved_model.pb'), toBinary(SavedModelSchema, savedModel));
  }
}

function nodeDefOf({ name, op, inputs, attr }: FlatNode): NodeDef {
  // "_class" places a node next to another one, by a name that no longer exists.
  const kept = Object.entries(attr).filter(([key]) => key !== '_class');
  return create(NodeDefSchema, { name, op, input: [...inputs], attr: Object.fromEntries(kept) });
}
