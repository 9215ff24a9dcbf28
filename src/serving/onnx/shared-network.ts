import { createHash } from 'node:crypto';

import { toBinary } from '@bufbuild/protobuf';

import { type FlatGraph, type FlatNode, type FlatTensor, valueOf } from '../../export/flat-graph.js';
import { contentBytes } from '../../saved-model/read/tensor-proto-value.js';
import { AttrValueSchema } from '../../tensorflow/protos/tensorflow/core/framework/attr_value_pb.js';
import { outputTypes } from '../../tracing/op-signature.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { tensorSpec } from '../../tracing/tensor-spec.js';
import type { Shape } from '../../tracing/tensor-spec.js';
import type { NetworkCut } from './cut-network.js';

/** Name of the network's input. */
const input = 'network_input';

/**
 * The networks of several signatures as one: what they have in common, usually everything, is in it once.
 *
 * Nodes are the same if their op, their attributes and everything they are computed from are the same, so that a signature's name does not matter.
 */
export class SharedNetwork {
  readonly #nodes: FlatNode[] = [];
  readonly #constants = new Map<string, TensorValue>();
  /** Values of this graph by keys that describe them. */
  readonly #byKey = new Map<string, string>();
  readonly #exits = new Set<string>();

  /** Adds the network of a signature. @returns the values of this graph for its exits, in their order. */
  add({ constants }: FlatGraph, { entry, nodes, exits }: NetworkCut): string[] {
    const keys = new Map([[entry, input]]);
    const here = new Map([[entry, `${input}:0`]]);
    for (const node of nodes) {
      for (const value of node.inputs) {
        const constant = constants.get(value);
        if (here.has(value) || !constant) continue;
        keys.set(value, keyOfConstant(constant));
        here.set(value, this.#constant(keys.get(value) ?? '', constant));
      }
      const key = keyOfNode(node, node.inputs.map((value) => keys.get(value) ?? '')); // prettier-ignore
      const own = this.#node(key, { ...node, inputs: node.inputs.map((value) => here.get(value) ?? '') });
      outputTypes(node.op, node.attr).forEach((_, i) => {
        keys.set(valueOf(node, i), `${key}:${i}`);
        here.set(valueOf(node, i), `${own}:${i}`);
      });
    }
    const found = exits.map((value) => here.get(value) ?? '');
    for (const exit of found) this.#exits.add(exit);
    return found;
  }

  /** The network as a graph whose outputs have the names of its exits. @param shape Sizes of its input. */
  graph(shape: Shape): FlatGraph {
    const entry = { name: input, value: `${input}:0`, spec: tensorSpec('float32', shape) };
    const output = (value: string): FlatTensor => ({ name: value, value, spec: tensorSpec('float32', null) });
    const outputs = Array.from(this.#exits, output);
    return { signature: 'network', inputs: [entry], outputs, nodes: this.#nodes, constants: this.#constants };
  }

  #constant(key: string, constant: TensorValue): string {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const value = `constant_${this.#constants.size}:0`;
    this.#constants.set(value, constant);
    this.#byKey.set(key, value);
    return value;
  }

  #node(key: string, node: FlatNode): string {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const name = `network_${this.#nodes.length}`;
    this.#nodes.push({ ...node, name });
    this.#byKey.set(key, name);
    return name;
  }
}

const constantKeys = new WeakMap<object, string>();

function keyOfConstant(constant: TensorValue): string {
  const { dtype, shape, values } = constant;
  const known = constantKeys.get(values);
  const key = known ?? digest([dtype, shape.join(), dtype === 'string' ? Buffer.concat(values as Uint8Array[]) : contentBytes(dtype, values)]); // prettier-ignore
  constantKeys.set(values, key);
  return key;
}

function keyOfNode({ op, attr }: FlatNode, inputs: readonly string[]): string {
  const attributes = Object.entries(attr)
    .filter(([name]) => !name.startsWith('_'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, value]) => [name, toBinary(AttrValueSchema, value)]);
  return digest([op, ...attributes, ...inputs]);
}

function digest(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length} `).update(part);
  return hash.digest('hex');
}
