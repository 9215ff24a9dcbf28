import { create } from '@bufbuild/protobuf';

import { type AttrValue, AttrValueSchema } from '../../tensorflow/protos/tensorflow/core/framework/attr_value_pb.js';
import { attr } from '../../tracing/attr-value.js';
import { type FlatGraph, type FlatNode, textAttribute, valueOf, withoutDeadNodes } from '../flat-graph.js';

/** TF.js's ops that also add a bias and activate, by the ops that they replace. */
const fusedOps = new Map([
  ['Conv2D', '_FusedConv2D'],
  ['DepthwiseConv2dNative', 'FusedDepthwiseConv2dNative'],
]);
const additions = new Set(['BiasAdd', 'Add', 'AddV2']);
/** Activations that all backends fuse. */
const activations = new Set(['Relu', 'Relu6']);

/**
 * Replaces convolutions, with the bias and the activation behind them, by one op each: the result is not written and read twice more.
 */
export function fuseOps(graph: FlatGraph): FlatGraph {
  const users = new Map<string, (FlatNode | null)[]>(graph.outputs.map(({ value }) => [value, [null]]));
  for (const node of graph.nodes)
    for (const input of node.inputs) users.set(input, [...(users.get(input) ?? []), node]);
  /** The only node that takes a node's result. */
  const next = (node: FlatNode) => {
    const [user = null, ...others] = users.get(valueOf(node)) ?? [];
    return others.length === 0 ? user : null;
  };
  const fused = new Map<FlatNode, FlatNode>();
  for (const node of graph.nodes) {
    const op = fusedOps.get(node.op);
    const addition = op !== undefined && textAttribute(node, 'data_format', 'NHWC') === 'NHWC' ? next(node) : null;
    const bias = addition && biasOf(addition, node, graph);
    if (op === undefined || !addition || bias === null) continue;
    const after = next(addition);
    const activation = after && activations.has(after.op) ? after : null;
    const last = activation ?? addition;
    // It stands where the last of them stood: what takes that one's result finds it under its name.
    const inputs = [...node.inputs.slice(0, 2), bias];
    const own = { num_args: attr.int(1), fused_ops: texts(['BiasAdd', ...(activation ? [activation.op] : [])]) };
    fused.set(last, { ...node, name: last.name, op, inputs, attr: { ...node.attr, ...own } });
  }
  return withoutDeadNodes({ ...graph, nodes: graph.nodes.map((node) => fused.get(node) ?? node) });
}

/** The constant that is added to each channel of a node's result; null where something else is added. */
function biasOf({ op, inputs }: FlatNode, to: FlatNode, { constants }: FlatGraph): string | null {
  if (!additions.has(op)) return null;
  const [bias = ''] = inputs.filter((input) => input !== valueOf(to));
  const channels = constants.get(to.inputs[1] ?? '')?.shape;
  const shape = constants.get(bias)?.shape;
  if (!channels || shape?.length !== 1) return null;
  const expected = to.op === 'DepthwiseConv2dNative' ? (channels[2] ?? 0) * (channels[3] ?? 0) : channels[3];
  return shape[0] === expected ? bias : null;
}

function texts(values: readonly string[]): AttrValue {
  return create(AttrValueSchema, { value: { case: 'list', value: { s: values.map((value) => Buffer.from(value)) } } });
}
