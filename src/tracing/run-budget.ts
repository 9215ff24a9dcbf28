import type { BindingAttribute } from '../tensorflow/backend.js';
import type { OpLimit } from '../tensorflow/mended/op-listener.js';
import * as tf from '../tensorflow/tf.js';
import { opEntry } from './op-signature.js';
import { workPerElement } from './trace-cost.js';

/** A graph that cannot be run to its end with what it may cost. */
export class TakesTooLong extends Error {}

/** What running an op costs whatever it computes, in multiplications. */
const costOfAnOp = 2e4;

/** What a number costs at least: it is written to memory, and multiplications are not. */
const costOfANumber = 4;

/** A tensor, as far as its cost depends on it. */
interface Shaped {
  readonly shape: readonly number[];
}

/** How much more than a graph its function may cost: it also computes what it does not use, which the graph leaves out. */
const eagerFactor = 4;

/** Reads the numbers of an op's input. */
type ReadInput = (input: number) => readonly number[];

/**
 * What a run may cost, in multiplications. Every number that is computed costs at least four, so this also bounds the memory of the run, in bytes. An
 * op that alone would give more than is left, such as the product of a column and a row, is not started.
 */
export class RunBudget {
  #spent = 0;

  constructor(private readonly most: number) {}

  get spent(): number {
    return Math.min(this.#spent, this.most);
  }

  /** The cost allowed for the function whose graph has this budget, for `withinLimit`. */
  ofFunction(): OpLimit {
    const budget = new RunBudget(eagerFactor * this.most);
    return {
      before: (op, inputs, attributes) =>
        budget.before(op, inputs, attributes, (input) => Array.from(inputs[input]?.dataSync() ?? [])),
      after: (op, inputs, outputs) => budget.after(op, inputs, outputs),
    };
  }

  /** @throws TakesTooLong where an op would cost more than is left. */
  before(op: string, inputs: readonly Shaped[], attributes: readonly BindingAttribute[], read: ReadInput): void {
    const shapes = inputs.map(({ shape }) => shape);
    const convolved = convolvedElements(op, shapes, attributes);
    if (convolved > 0 && this.#spent + costOf(op, shapes, convolved) > this.most) {
      // As if it had run: a convolution is most of what a network costs, and the next one would cost as much.
      this.#spent = this.most;
      throw new TakesTooLong();
    }
    if (expectedElements(op, shapes, read) * costPerElement(op, shapes) > this.most - this.#spent)
      throw new TakesTooLong();
  }

  /** @throws TakesTooLong where nothing is left. */
  after(op: string, inputs: readonly Shaped[], outputs: readonly Shaped[]): void {
    const elements = outputs.reduce((sum, { shape }) => sum + tf.util.sizeFromShape([...shape]), 0);
    const shapes = inputs.map(({ shape }) => shape);
    this.#spent += costOf(op, shapes, elements);
    if (this.#spent > this.most) throw new TakesTooLong();
  }
}

function costOf(op: string, shapes: readonly (readonly number[])[], elements: number): number {
  return costOfAnOp + elements * costPerElement(op, shapes);
}

function costPerElement(op: string, shapes: readonly (readonly number[])[]): number {
  return Math.max(costOfANumber, workPerElement(op, shapes));
}

/** Ops that give as many numbers as one of their inputs says. */
const saidByInput: Readonly<Record<string, number>> = {
  Fill: 0,
  RandomUniform: 0,
  RandomStandardNormal: 0,
  BroadcastTo: 1,
};

/** Ops that repeat all that the first input has as often as the second says. */
const repeats = new Set(['Tile', 'OneHot']);

/** How many numbers an op gives that may give many more than it takes; 0 for every other op. */
function expectedElements(op: string, shapes: readonly (readonly number[])[], read: ReadInput): number {
  const [first = [], second = []] = shapes;
  const sizes = saidByInput[op];
  if (sizes !== undefined) return product(read(sizes));
  if (repeats.has(op)) return product(first) * product(read(1));
  if (op === 'ResizeBilinear' || op === 'ResizeNearestNeighbor') {
    return product(read(1)) * (first[0] ?? 1) * (first[3] ?? 1);
  }
  if (op.includes('MatMul')) {
    const batch = product(broadcast(first.slice(0, -2), second.slice(0, -2)));
    return batch * ((product(first.slice(-2)) * product(second.slice(-2))) / Math.max(1, first.at(-1) ?? 1) ** 2);
  }
  return isElementwise(op) ? product(broadcast(first, second)) : 0;
}

/** How many numbers a convolution of pictures gives; 0 for every other op. */
function convolvedElements(
  op: string,
  [pictures = [], filter = []]: readonly (readonly number[])[],
  attributes: readonly BindingAttribute[],
): number {
  const isDepthwise = op === 'DepthwiseConv2dNative';
  if (op !== 'Conv2D' && !isDepthwise) return 0;
  const valueOf = (name: string) => attributes.find((attribute) => attribute.name === name)?.value;
  // TensorFlow has no other layout on a CPU. What pads explicitly is seen afterwards.
  if (valueOf('data_format') !== 'NHWC' || valueOf('padding') === 'EXPLICIT') return 0;
  const [strides, dilations] = ['strides', 'dilations'].map((name) => (valueOf(name) as number[] | undefined) ?? []);
  const [rows = 0, columns = 0] = [1, 2].map((axis) => {
    const window = ((filter[axis - 1] ?? 1) - 1) * (dilations?.[axis] ?? 1);
    const size = (pictures[axis] ?? 0) - (valueOf('padding') === 'VALID' ? window : 0);
    return Math.ceil(Math.max(0, size) / (strides?.[axis] ?? 1));
  });
  const [channels = 1, multiplier = 1] = filter.slice(2);
  return (pictures[0] ?? 0) * rows * columns * multiplier * (isDepthwise ? channels : 1);
}

/** Whether an op computes each element from the elements of two inputs at the same position: TensorFlow calls these x and y. */
function isElementwise(op: string): boolean {
  const [x, y] = opEntry(op)[0];
  return x?.[0] === 'x' && y?.[0] === 'y';
}

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  const at = (shape: readonly number[], axis: number) => shape[axis - (rank - shape.length)] ?? 1;
  return Array.from({ length: rank }, (_, axis) => Math.max(at(a, axis), at(b, axis)));
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all * size, 1);
}
