import type { FunctionDef } from '../../tensorflow/protos/tensorflow/core/framework/function_pb.js';
import type { NodeDef } from '../../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import type { TensorShapeProto } from '../../tensorflow/protos/tensorflow/core/framework/tensor_shape_pb.js';
import { outputName } from '../../tracing/op-signature.js';

/** Sizes of a tensor, -1 where one is not known; null where not even their number is. */
export type Sizes = readonly number[] | null;

/** What a graph or a function says about the sizes of its tensors: its constants, and the `_output_shapes` that Python writes. */
export class KnownSizes {
  readonly #nodes: ReadonlyMap<string, NodeDef>;
  readonly #arguments: ReadonlyMap<string, Sizes>;

  /** @param fn The function that the nodes belong to; null for the nodes of a graph. */
  constructor(
    nodes: readonly NodeDef[],
    private readonly fn: FunctionDef | null,
  ) {
    this.#nodes = new Map(nodes.map((node) => [node.name, node]));
    const names = (fn?.signature?.inputArg ?? []).map(({ name }) => name);
    this.#arguments = new Map(names.map((name, i) => [name, outputSizes(fn?.argAttr[i], 0)]));
  }

  get argumentNames(): string[] {
    return [...this.#arguments.keys()];
  }

  /** The sizes of an op's input. */
  of({ input }: NodeDef, position: number): Sizes {
    const tensor = input[position] ?? '';
    const [name = ''] = tensor.split(':');
    const producer = this.#nodes.get(name);
    if (!producer) return this.#arguments.get(name) ?? null;
    if (producer.op === 'Const') return constantSizes(producer);
    const output = this.#position(tensor, producer);
    return output === null ? null : outputSizes(producer, output);
  }

  isConstant({ input }: NodeDef, position: number): boolean {
    return this.#nodes.get(input[position]?.split(':')[0] ?? '')?.op === 'Const';
  }

  /** Position of a tensor among its producer's outputs; null if it is not obvious. */
  #position(tensor: string, { op, attr }: NodeDef): number | null {
    const [name = '', first, second] = tensor.split(':');
    if (!this.fn) return Number(first ?? 0);
    return tensor === `${name}:${first}:0` && second === '0' && isFirstOutput(op, attr, first ?? '') ? 0 : null;
  }
}

function isFirstOutput(op: string, attributes: NodeDef['attr'], name: string): boolean {
  try {
    return outputName(op, attributes, 0) === `${name}:0`;
  } catch {
    // A call of a function, which TensorFlow's registry does not have.
    return false;
  }
}

function constantSizes({ attr: { value } }: NodeDef): Sizes {
  return value?.value.case === 'tensor' ? sizesOf(value.value.value.tensorShape) : null;
}

function outputSizes(from: Pick<NodeDef, 'attr'> | undefined, output: number): Sizes {
  const shapes = from?.attr._output_shapes?.value;
  return shapes?.case === 'list' ? sizesOf(shapes.value.shape[output]) : null;
}

function sizesOf(shape: TensorShapeProto | undefined): Sizes {
  return !shape || shape.unknownRank ? null : shape.dim.map(({ size }) => Number(size));
}
