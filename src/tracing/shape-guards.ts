import { hasWindow, padFirst, slidingWindow, windowMessage } from '../tensorflow/sliding-window.js';
import { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { attr, attributeReader } from './attr-value.js';
import type { FunctionDefBuilder } from './function-def-builder.js';
import type { ConstantValues, OpNode } from './tape-nodes.js';

const int32 = DataType.DT_INT32;

/** Ops whose gradients end the process where the op had no result. */
const gradientsOfPools = new Set(['MaxPoolGrad', 'MaxPool3DGrad']);

/**
 * Puts an assertion before an op for which TensorFlow ends the process, or returns uninitialized memory, at shapes that a call may bring: a window
 * larger than the picture, the gradient of a pool of nothing, a negative size. Sizes that are known need none.
 *
 * The assertion stands before an `Identity` of the input, not before the op: TensorFlow fuses no op that waits for another.
 *
 * @param nodes The op in each trace.
 * @param inputs The names of its inputs.
 * @returns The names of the inputs that it takes instead.
 */
export function guardShapes(
  builder: FunctionDefBuilder,
  nodes: readonly OpNode[],
  inputs: readonly string[],
): readonly string[] {
  const [node] = nodes;
  if (!node) return inputs;
  if (hasWindow(node.op)) return new Guard(builder, nodes, inputs).window();
  if (gradientsOfPools.has(node.op)) return new Guard(builder, nodes, inputs).notEmpty();
  return node.op === 'Conv2DBackpropInput' ? new Guard(builder, nodes, inputs).notNegative() : inputs;
}

class Guard {
  constructor(
    private readonly builder: FunctionDefBuilder,
    private readonly nodes: readonly OpNode[],
    private readonly inputs: readonly string[],
  ) {}

  /** The picture is at least as large as the window. */
  window(): readonly string[] {
    const [node] = this.nodes;
    const shapes = this.#shapes(0);
    if (!node) return this.inputs;
    const filter = node.inputs[1];
    const window = slidingWindow(
      shapes[0]?.length ?? 0,
      filter?.node.outputs[filter.output]?.shape,
      attributeReader(node.attributes),
    );
    if (window.padding !== 'VALID') return this.inputs;
    const open = window.axes.flatMap((axis, i) => {
      const least = window.window[i] ?? 1;
      return least > 1 && this.#varies(0, axis) ? [{ axis, least }] : [];
    });
    if (open.length === 0) return this.inputs;
    const sizes = this.builder.pack(
      open.map(({ axis }) => this.#size(0, axis)),
      int32,
    );
    const least = this.#constant(
      [open.length],
      open.map((each) => each.least),
    );
    return this.#asserted(sizes, least, `${windowMessage(node.op, window)} ${padFirst} Received:`, 0);
  }

  /** Input 1, the pool's result, has elements. */
  notEmpty(): readonly string[] {
    const shape = this.#shapes(1)[0] ?? [];
    const open = shape.flatMap((_, axis) => (this.#varies(1, axis) ? [axis] : []));
    if (open.length === 0) return this.inputs;
    const sizes = this.builder.pack(
      open.map((axis) => this.#size(1, axis)),
      int32,
    );
    const message = 'A max pool of nothing, such as an empty batch, has no gradient in TensorFlow. Received sizes:';
    return this.#asserted(sizes, this.#constant([], [1]), message, 1);
  }

  /** Input 0 is a shape that was computed; that of a batch alone is never negative. */
  notNegative(): readonly string[] {
    const values = this.nodes.map(({ inputs: [sizes] }) =>
      sizes?.node.kind === 'constant' ? Array.from(sizes.node.values as ArrayLike<number>) : [],
    );
    const [first = [], ...others] = values;
    const [sizes = ''] = this.inputs;
    if (others.every((other) => other.every((size, axis) => axis === 0 || size === first[axis]))) return this.inputs;
    const message = 'A transposed convolution has sizes of 0 and more for its output. Received:';
    return this.#asserted(sizes, this.#constant([], [0]), message, 0);
  }

  /** All inputs, with one that waits until every size is large enough. */
  #asserted(sizes: string, least: string, message: string, input: number): readonly string[] {
    const { builder } = this;
    const isEnough = builder.op('GreaterEqual', [sizes, least], { T: attr.type(int32) });
    const all = builder.op('All', [isEnough, this.#constant([1], [0])], {
      Tidx: attr.type(int32),
      keep_dims: attr.bool(false),
    });
    const text = builder.constant(DataType.DT_STRING, [], [Buffer.from(message)] as ConstantValues);
    const assertion = builder.node('Assert', [all, text, sizes], {
      T: attr.types([DataType.DT_STRING, int32]),
      summarize: attr.int(4),
    });
    return this.inputs.map((name, i) =>
      i === input ? builder.op('Identity', [name, `^${assertion}`], { T: attr.type(this.#dataType(input)) }) : name,
    );
  }

  #constant(shape: readonly number[], values: readonly number[]): string {
    return this.builder.constant(int32, shape, values);
  }

  #size(input: number, axis: number): string {
    const source = { tensor: this.inputs[input] ?? '', dataType: this.#dataType(input), shapes: this.#shapes(input) };
    return this.builder.size({ source, axis });
  }

  #varies(input: number, axis: number): boolean {
    const sizes = this.#shapes(input).map((shape) => shape[axis]);
    return sizes.some((size) => size !== sizes[0]);
  }

  #shapes(input: number): (readonly number[])[] {
    return this.nodes.map((node) => {
      const value = node.inputs[input];
      return value?.node.outputs[value.output]?.shape ?? [];
    });
  }

  #dataType(input: number): DataType {
    const value = this.nodes[0]?.inputs[input];
    return value?.node.outputs[value.output]?.dataType ?? DataType.DT_FLOAT;
  }
}
