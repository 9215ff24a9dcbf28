import * as tf from '../../../src/tensorflow/tf.js';
import type { Dimension } from '../../../src/tracing/tensor-spec.js';
import type { TfFunctionResult } from '../../../src/tracing/trace.js';
import { mulberry32 } from '../../helpers/data/mulberry32.js';

/** Makes the element at a position of a test tensor; `random` is uniform in [0, 1). */
type MakeElement = (random: () => number, position: number) => number | string;

/** An argument of a case: what is traced, and which values it is tested with. */
export interface CaseArgument {
  readonly dtype: 'float32' | 'int32' | 'bool' | 'string';
  /** As in a TensorSpec: null and names are unknown while tracing. */
  readonly shape: readonly Dimension[];
  readonly element: MakeElement;
}

/** A function that must be the same eager, compiled and reloaded. */
export interface CoverageCase {
  readonly name: string;
  /** Kernels of tfjs-node that the function or its gradient runs; the test checks that it does. */
  readonly kernels: readonly string[];
  readonly args: readonly CaseArgument[];
  // A case knows the ranks of its own arguments.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly fn: (...args: any[]) => TfFunctionResult;
  /** Which arguments the gradient is tested for, by position; all for true. */
  readonly gradient?: boolean | readonly number[];
  /** Sizes of the unknown dimensions to test with, in their order, a named one once. */
  readonly sizes?: readonly (readonly number[])[];
  /** Why it is not compared value by value: only dtype and shape are. */
  readonly random?: string;
}

/** A function that must not trace. */
export interface RefusedCase {
  readonly name: string;
  readonly kernels: readonly string[];
  readonly args: readonly CaseArgument[];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly fn: (...args: any[]) => TfFunctionResult;
  /** What `docs/tracing.md` says. */
  readonly because: string;
  /** What the error's message contains. */
  readonly message: string;
  /** Whether it is the gradient that is refused. */
  readonly gradient?: boolean;
}

/** Sizes that differ from those traced; the last is where broadcasting shows its traps. */
const defaultSizes = [
  [4, 8, 9, 6, 5],
  [1, 11, 6, 4, 7],
  [1, 1, 1, 1, 1],
];

/** A float32 argument with values from a range. */
export function float(shape: readonly Dimension[], low = -1, high = 1): CaseArgument {
  return { dtype: 'float32', shape, element: (random) => low + (high - low) * random() };
}

/** An int32 argument with values from `low` up to `high` - 1. */
export function int(shape: readonly Dimension[], low = 0, high = 10): CaseArgument {
  return { dtype: 'int32', shape, element: (random) => low + Math.floor((high - low) * random()) };
}

export function bool(shape: readonly Dimension[]): CaseArgument {
  return { dtype: 'bool', shape, element: (random) => (random() < 0.5 ? 0 : 1) };
}

export function string(shape: readonly Dimension[]): CaseArgument {
  return { dtype: 'string', shape, element: (random, i) => `text ${i} ${'abc'[Math.floor(3 * random())]}` };
}

/** An argument whose values are the same in every test. */
export function given(
  dtype: CaseArgument['dtype'],
  shape: readonly Dimension[],
  values: (number | string)[],
): CaseArgument {
  return { dtype, shape, element: (_, i) => values[i % values.length] ?? 0 };
}

type Options = Partial<Pick<CoverageCase, 'gradient' | 'sizes' | 'random'>>;

/** A case; `kernels` separated by blanks, '' for a function of TF.js whose kernels other cases cover. */
export function traces(
  name: string,
  kernels: string,
  args: readonly CaseArgument[],
  fn: CoverageCase['fn'],
  options: Options = {},
): CoverageCase {
  return { name, kernels: kernels.split(' ').filter(Boolean), args, fn, ...options };
}

export function refused(
  name: string,
  kernels: string,
  args: readonly CaseArgument[],
  fn: RefusedCase['fn'],
  { because, message, gradient = false }: Pick<RefusedCase, 'because' | 'message' | 'gradient'>,
): RefusedCase {
  return { name, kernels: kernels.split(' ').filter(Boolean), args, fn, because, message, gradient };
}

/** The shapes of a case's arguments in every round of its test. */
export function testShapes({ args, sizes = defaultSizes }: Pick<CoverageCase, 'args' | 'sizes'>): number[][][] {
  const hasUnknown = args.some(({ shape }) => shape.some((size) => typeof size !== 'number'));
  return (hasUnknown ? sizes : sizes.slice(0, 1)).map((round) => {
    const rest = [...round];
    const named = new Map<string, number>();
    const next = () => rest.shift() ?? 1;
    const sizeOf = (dimension: Dimension) => {
      if (typeof dimension === 'number') return dimension;
      if (dimension === null) return next();
      const size = named.get(dimension) ?? next();
      named.set(dimension, size);
      return size;
    };
    return args.map(({ shape }) => shape.map(sizeOf));
  });
}

/** Tensors of the given shapes for a case's arguments; the same for the same seed. */
export function testTensors(args: readonly CaseArgument[], shapes: readonly number[][], seed: number): tf.Tensor[] {
  const random = mulberry32(seed);
  return args.map(({ dtype, element }, i) => {
    const shape = shapes[i] ?? [];
    const values = Array.from({ length: tf.util.sizeFromShape(shape) }, (_, position) => element(random, position));
    return tf.tensor(values, shape, dtype);
  });
}

/** The gradient of the sum of squares of a case's result, by argument: squares, or a softmax would have none. */
export function gradientOf({ fn, args, gradient }: CoverageCase): (...args: tf.Tensor[]) => Record<string, tf.Tensor> {
  const wanted = Array.isArray(gradient) ? (gradient as number[]) : args.map((_, i) => i);
  return (...all) => {
    const loss = (...some: tf.Tensor[]) => {
      const full = [...all];
      wanted.forEach((position, i) => {
        const tensor = some[i];
        if (tensor) full[position] = tensor;
      });
      const result = fn(...full);
      const results = result instanceof tf.Tensor ? [result] : Object.values<tf.Tensor>(result);
      return tf.addN(results.map((each) => tf.sum(tf.square(tf.cast(each, 'float32')))));
    };
    const gradients = tf.grads(loss)(wanted.flatMap((position) => all[position] ?? []));
    return Object.fromEntries(gradients.map((each, i) => [`gradient_${wanted[i]}`, each]));
  };
}
