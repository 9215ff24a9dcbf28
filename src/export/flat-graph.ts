import { SignetError } from '../errors.js';
import { nodeOf } from '../saved-model/freeze/graph-scopes.js';
import type { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type { TensorValue } from '../tensorflow/tensor-value.js';
import type { TensorSpec } from '../tracing/tensor-spec.js';
import type { Attributes } from '../tracing/op-signature.js';
import { insteadOf } from './instead-of.js';

/** An op of a flat graph. */
export interface FlatNode {
  /** Unique in the graph; prefixed by the functions that were inlined, separated by slashes. */
  readonly name: string;
  /** TensorFlow's name of the op, such as `Conv2D`. */
  readonly op: string;
  /** Values that it takes: `NODE:OUTPUT`, or the value of an input or a constant. */
  readonly inputs: readonly string[];
  readonly attr: Attributes;
  /** Function of the SavedModel that it comes from, for messages. Default: the signature itself. */
  readonly origin: string;
}

/** An input or output of a flat graph. */
export interface FlatTensor {
  /** Name in the signature, such as `input_tensor`. */
  readonly name: string;
  /** The value in the graph. */
  readonly value: string;
  readonly spec: TensorSpec;
}

/**
 * A signature without calls and variables, which is what other runtimes take: ops in an order in which they can run, and
 * constants by value.
 */
export interface FlatGraph {
  /** Key of the signature. */
  readonly signature: string;
  readonly inputs: readonly FlatTensor[];
  readonly outputs: readonly FlatTensor[];
  readonly nodes: readonly FlatNode[];
  readonly constants: ReadonlyMap<string, TensorValue>;
}

/** Returns the value that is an output of a node. */
export function valueOf(node: Pick<FlatNode, 'name'>, output = 0): string {
  return `${node.name}:${output}`;
}

/** Leaves out nodes and constants that no output needs. */
export function withoutDeadNodes(graph: FlatGraph): FlatGraph {
  const needed = new Set(graph.outputs.map(({ value }) => value));
  const isNeeded = new Set(graph.outputs.map(({ value }) => nodeOf(value)));
  const nodes = graph.nodes
    .toReversed()
    .filter((node) => {
      if (!isNeeded.has(node.name)) return false;
      for (const input of node.inputs) {
        needed.add(input);
        isNeeded.add(nodeOf(input));
      }
      return true;
    })
    .reverse();
  return { ...graph, nodes, constants: new Map([...graph.constants].filter(([value]) => needed.has(value))) };
}

/** Text of an attribute, such as `data_format`; SavedModels leave out attributes with their default value. */
export function textAttribute({ attr }: Pick<FlatNode, 'attr'>, name: string, byDefault: string): string {
  const value = attr[name]?.value;
  return value?.case === 's' ? Buffer.from(value.value).toString('utf8') : byDefault;
}

/** Number of an attribute, such as `epsilon` or `axis`. */
export function numberAttribute({ attr }: FlatNode, name: string, byDefault: number): number {
  const value = attr[name]?.value;
  if (value?.case === 'i') return Number(value.value);
  return value?.case === 'f' ? value.value : byDefault;
}

/** Numbers of an attribute, such as `strides`. */
export function numbersAttribute({ attr }: FlatNode, name: string, byDefault: readonly number[]): readonly number[] {
  const value = attr[name]?.value;
  if (value?.case !== 'list') return byDefault;
  const { i, f } = value.value;
  return i.length > 0 ? i.map(Number) : f.length > 0 ? f : byDefault;
}

/** Switch of an attribute, such as `keep_dims`. */
export function switchAttribute({ attr }: Pick<FlatNode, 'attr'>, name: string, byDefault: boolean): boolean {
  const value = attr[name]?.value;
  return value?.case === 'b' ? value.value : byDefault;
}

/** Type of an attribute, such as `DstT`. */
export function typeAttribute({ attr }: FlatNode, name: string): DataType | null {
  const value = attr[name]?.value;
  return value?.case === 'type' ? value.value : null;
}

/** An op that a format does not have. */
export class OpNotExportable extends SignetError {
  constructor(
    message: string,
    /** TensorFlow's name of it. */
    readonly op: string,
  ) {
    super('NOT_EXPORTABLE', message);
  }
}

/** Makes the error for an op that a format cannot carry, with what to do instead. */
export function notExportable(node: FlatNode, format: string, why: string, instead = ''): OpNotExportable {
  const { op } = node;
  const hint =
    [instead, insteadOf(op)].find((each) => each !== '') ?? 'Write it with other ops, or leave it to the app.';
  return new OpNotExportable(`${format} cannot have the op ${op} (${placeOf(node)}): ${why}. ${hint}`, op);
}

/** Function and node, without the calls that lead there and without the digest in the function's name. */
function placeOf({ origin, name }: FlatNode): string {
  const node = `node "${name.split('/').at(-1)}"`;
  if (origin === '') return node;
  return `${node} of the function "${origin.replace(/^__inference_/, '').replace(/_[0-9a-f]{12}$/, '')}"`;
}
