import { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type { TensorValue } from '../tensorflow/tensor-value.js';
import { attr } from '../tracing/attr-value.js';
import { opEntry } from '../tracing/op-signature.js';
import { evaluate } from './evaluate.js';
import {
  type FlatGraph,
  type FlatNode,
  numberAttribute,
  switchAttribute,
  textAttribute,
  valueOf,
  withoutDeadNodes,
} from './flat-graph.js';
import { observeShapes, type ObservedShape } from './observed-shapes.js';

/** A graph with the sizes of its values. */
export interface SimplifiedGraph {
  readonly graph: FlatGraph;
  /** Sizes by value, null where they vary with the inputs. */
  readonly shapes: ReadonlyMap<string, ObservedShape>;
}

/** Computes what is fixed, folds batch normalization, and leaves out what changes nothing. The results are the same within 1e-6. */
export function simplify(graph: FlatGraph): SimplifiedGraph {
  const folded = foldConstants(graph);
  const shapes = new Map(observeShapes(folded));
  const normalized = new BatchNormFolding(foldConstants(withoutIdleReshapes(folded, shapes)), shapes).run();
  return { graph: withoutDeadNodes(normalized), shapes };
}

/** Constants that folding makes may take this many bytes each: a `Fill` can be larger than the network. */
const mostFoldedBytes = 16 * 2 ** 20;

/** Computes what depends on constants alone, once and for all. */
function foldConstants(graph: FlatGraph): FlatGraph {
  const constants = new Map(graph.constants);
  const nodes = graph.nodes.filter((node) => {
    const folded =
      node.inputs.every((input) => constants.has(input)) && canFold(node) ? tryToFold(node, constants) : null;
    folded?.forEach((value, i) => constants.set(valueOf(node, i), value));
    return folded === null;
  });
  return withoutDeadNodes({ ...graph, nodes, constants });
}

function canFold({ op }: FlatNode): boolean {
  const [, outputs, isStateful] = opEntry(op);
  return !isStateful && outputs.length === 1 && outputs[0]?.[2] === '' && !op.startsWith('Random');
}

/** What does not run here is left to the runtime, which may say why. */
function tryToFold(node: FlatNode, constants: ReadonlyMap<string, TensorValue>): TensorValue[] | null {
  try {
    const values = evaluate({ nodes: [node], constants }, new Map(), [valueOf(node)]);
    return values.every(({ shape }) => shape.reduce((a, b) => a * b, 4) <= mostFoldedBytes) ? values : null;
  } catch {
    return null;
  }
}

/** Leaves out reshapes that change nothing: to sizes that the tensor has anyway. */
function withoutIdleReshapes(graph: FlatGraph, shapes: ReadonlyMap<string, ObservedShape>): FlatGraph {
  const kept = new Map<string, string>();
  const rename = (value: string) => kept.get(value) ?? value;
  const nodes = graph.nodes.flatMap((node) => {
    const inputs = node.inputs.map(rename);
    const [tensor = '', sizes = ''] = inputs;
    if (node.op === 'Reshape' && isIdle(shapes.get(node.inputs[0] ?? ''), graph.constants.get(sizes))) {
      kept.set(valueOf(node), tensor);
      return [];
    }
    return [{ ...node, inputs }];
  });
  const outputs = graph.outputs.map((output) => ({ ...output, value: rename(output.value) }));
  return withoutDeadNodes({ ...graph, nodes, outputs });
}

function isIdle(from: ObservedShape | undefined, to: TensorValue | undefined): boolean {
  if (!from || !to || to.shape[0] !== from.length) return false;
  const sizes = Array.from(to.values as Int32Array, Number);
  // One size may be left open: the number of elements settles it.
  const open = sizes.filter((size) => size === -1).length;
  return open <= 1 && sizes.every((size, i) => size === -1 || size === from[i]);
}

const convolutions = new Set(['Conv2D', 'DepthwiseConv2dNative']);
const normalizations = new Set(['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3']);

/**
 * Replaces batch normalization by a multiplication and an addition per channel, and folds the former into the convolution before it where
 * nothing else takes that one's result.
 */
class BatchNormFolding {
  readonly #constants: Map<string, TensorValue>;
  readonly #uses = new Map<string, number>();
  /** Nodes written so far, by the value that they give. */
  readonly #producers = new Map<string, number>();
  readonly #nodes: FlatNode[] = [];

  constructor(
    private readonly graph: FlatGraph,
    private readonly shapes: Map<string, ObservedShape>,
  ) {
    this.#constants = new Map(graph.constants);
    for (const { value } of graph.outputs) this.#uses.set(value, 2);
    for (const { inputs } of graph.nodes)
      for (const input of inputs) this.#uses.set(input, (this.#uses.get(input) ?? 0) + 1);
  }

  run(): FlatGraph {
    for (const node of this.graph.nodes) this.#visit(node);
    return { ...this.graph, nodes: this.#nodes, constants: this.#constants };
  }

  #visit(node: FlatNode): void {
    const affine = normalizations.has(node.op) ? this.#affine(node) : null;
    if (affine) this.#replace(node, affine);
    else this.#push(node);
  }

  #push(node: FlatNode): void {
    this.#producers.set(valueOf(node), this.#nodes.length);
    this.#nodes.push(node);
  }

  /** The normalization as `x * factor + term`; null where it learns from the batch or is not fixed. */
  #affine(node: FlatNode): Affine | null {
    const [scale, offset, mean, variance] = node.inputs
      .slice(1)
      .map((value) => this.#constants.get(value)?.values as Float32Array | undefined);
    const isFixed = scale && offset && mean && variance && textAttribute(node, 'data_format', 'NHWC') === 'NHWC';
    if (!isFixed || switchAttribute(node, 'is_training', true)) return null;
    const epsilon = numberAttribute(node, 'epsilon', 1e-4);
    const factor = Float64Array.from(scale, (each, i) => each / Math.sqrt((variance[i] ?? 0) + epsilon));
    const term = factor.map((each, i) => (offset[i] ?? 0) - (mean[i] ?? 0) * each);
    return { factor, term };
  }

  #replace(node: FlatNode, { factor, term }: Affine): void {
    const [input = ''] = node.inputs;
    const isFolded = this.#foldIntoConvolution(input, factor);
    const scaled = isFolded ? input : this.#perChannel(node, 'Mul', input, factor, `${node.name}/scaled`);
    this.#perChannel(node, 'AddV2', scaled, term, node.name);
  }

  /** Multiplies the filters of the convolution that gives a value. @returns whether there is one that may be changed. */
  #foldIntoConvolution(value: string, factor: Float64Array): boolean {
    const at = this.#producers.get(value) ?? -1;
    const node = this.#nodes[at];
    const filter = node && this.#constants.get(node.inputs[1] ?? '');
    if (!node || !filter || !convolutions.has(node.op) || (this.#uses.get(value) ?? 0) > 1) return false;
    if (textAttribute(node, 'data_format', 'NHWC') !== 'NHWC') return false;
    const folded = `${node.name}/folded:0`;
    // A filter's last sizes are the channels that come out: [h, w, in, out], or [h, w, in, multiplier].
    const values = (filter.values as Float32Array).map((each, i) => each * (factor[i % factor.length] ?? 1));
    this.#constants.set(folded, { ...filter, values });
    this.#nodes[at] = { ...node, inputs: [node.inputs[0] ?? '', folded] };
    return true;
  }

  #perChannel({ name, origin }: FlatNode, op: string, input: string, values: Float64Array, result: string): string {
    const constant = `${name}/${op}:0`;
    this.#constants.set(constant, { dtype: 'float32', shape: [values.length], values: Float32Array.from(values) });
    this.#push({ name: result, op, inputs: [input, constant], attr: { T: attr.type(DataType.DT_FLOAT) }, origin });
    this.shapes.set(`${result}:0`, this.shapes.get(input) ?? []);
    return `${result}:0`;
  }
}

interface Affine {
  readonly factor: Float64Array;
  readonly term: Float64Array;
}
