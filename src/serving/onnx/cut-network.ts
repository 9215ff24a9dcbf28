import { nodeOf } from '../../saved-model/freeze/graph-scopes.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { outputTypes } from '../../tracing/op-signature.js';
import { type FlatGraph, type FlatNode, valueOf } from '../../export/flat-graph.js';
import { onnxOps } from '../../export/onnx/convert-node.js';

/** The part of a signature that another runtime computes. */
export interface NetworkCut {
  /** The input of the network: everything that the network computes depends only on it and on constants. */
  readonly entry: string;
  readonly nodes: readonly FlatNode[];
  /** Values of the network that the rest of the signature uses, or returns as outputs. */
  readonly exits: readonly string[];
}

/** Ops that take most of a network's time. */
const heavy = new Set(['Conv2D', 'DepthwiseConv2dNative', 'MatMul', 'BatchMatMulV2']);
const known = new Set(onnxOps);

/**
 * Cuts a signature into the preparation of pictures, the network, and the processing of its results.
 *
 * The network begins after the last value through which all inputs of its convolutions and products pass, and continues as long as ONNX has the ops.
 *
 * @returns null if there is no such value, or the network has an op that ONNX lacks.
 */
export function cutNetwork(graph: FlatGraph): NetworkCut | null {
  const needed = ancestors(graph, (node) => heavy.has(node.op));
  const entry = entryOf(graph, needed);
  if (entry === null) return null;
  const inside = new Set<string>();
  const isInside = (value: string) => value === entry || inside.has(nodeOf(value));
  const apart = new Apart(graph);
  for (const node of graph.nodes) {
    const fits = node.inputs.some(isInside) && node.inputs.every((input) => isInside(input) || apart.has(input));
    if (fits && (needed.has(node.name) || isCarried(node))) inside.add(node.name);
  }
  const nodes = graph.nodes.filter(({ name }) => inside.has(name) || apart.has(`${name}:0`));
  if ([...needed].some((name) => !known.has(opOf(graph, name)) && inside.has(name))) return null;
  const taken = graph.nodes.filter(({ name }) => !inside.has(name)).flatMap(({ inputs }) => inputs);
  const wanted = [...taken, ...graph.outputs.map(({ value }) => value)];
  const exits = [...new Set(wanted.filter((value) => value !== entry && isInside(value)))];
  const areFloats = exits.every((value) => isFloat(graph, value));
  return exits.length > 0 && areFloats ? { entry, nodes, exits } : null;
}

/** Names of the wanted nodes, and of all nodes that they are computed from. */
function ancestors({ nodes }: FlatGraph, isWanted: (node: FlatNode) => boolean): Set<string> {
  const found = new Set<string>();
  for (const node of nodes.toReversed()) {
    if (!found.has(node.name) && !isWanted(node)) continue;
    found.add(node.name);
    for (const input of node.inputs) found.add(nodeOf(input));
  }
  return found;
}

/** The last float before the first heavy op without which none of them can be computed. */
function entryOf(graph: FlatGraph, needed: ReadonlySet<string>): string | null {
  const nodes = graph.nodes.filter(({ name }) => needed.has(name));
  const first = nodes.findIndex(({ op }) => heavy.has(op));
  if (first === -1) return null;
  const before = nodes.slice(0, first).map((node) => valueOf(node));
  const candidates = [...graph.inputs.map(({ value }) => value), ...before].reverse();
  return candidates.find((value) => isFloat(graph, value) && isPassedByAll(graph, nodes, value)) ?? null;
}

/** Whether all inputs reach the heavy ops only through a certain value. */
function isPassedByAll({ inputs }: FlatGraph, nodes: readonly FlatNode[], value: string): boolean {
  const reached = new Set(inputs.map((input) => nodeOf(input.value)));
  return nodes.every((node) => {
    if (!node.inputs.some((input) => input !== value && reached.has(nodeOf(input)))) return true;
    reached.add(node.name);
    return !heavy.has(node.op);
  });
}

/** Nodes that are computed from constants only. */
class Apart {
  readonly #names = new Set<string>();

  constructor(private readonly graph: FlatGraph) {
    for (const { name, inputs } of graph.nodes)
      if (inputs.length > 0 && inputs.every((input) => this.has(input))) this.#names.add(name);
  }

  has(value: string): boolean {
    return this.graph.constants.has(value) || this.#names.has(nodeOf(value));
  }
}

/** Whether an op after the last heavy one is part of the network: one that returns a float, as activations and softmax do. */
function isCarried({ op, attr }: FlatNode): boolean {
  const types = outputTypes(op, attr);
  return known.has(op) && types.length === 1 && types[0] === DataType.DT_FLOAT;
}

function isFloat({ inputs, nodes }: FlatGraph, value: string): boolean {
  const input = inputs.find((each) => each.value === value);
  if (input) return input.spec.dtype === 'float32';
  const node = nodes.find(({ name }) => name === nodeOf(value));
  return node !== undefined && outputTypes(node.op, node.attr)[Number(value.split(':').at(-1))] === DataType.DT_FLOAT;
}

function opOf({ nodes }: FlatGraph, name: string): string {
  return nodes.find((node) => node.name === name)?.op ?? '';
}
