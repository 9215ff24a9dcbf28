import { SignetError, wordsOf } from '../errors.js';
import type { TensorValue } from '../tensorflow/tensor-value.js';
import { evaluate } from './evaluate.js';
import type { FlatGraph, FlatTensor } from './flat-graph.js';

/** Sizes of a value: null where they differ from input to input. */
export type ObservedShape = readonly (number | null)[];

/** Sizes of unknown dimensions in the two runs, the first dimension and the others; a network may need pictures of some size. */
const attempts = [
  [[1, 48, 40], [2, 36, 52]],
  [[1, 5, 7], [2, 9, 6]],
  // Sizes that must be the same, as of matrices that are multiplied.
  [[4, 4, 4, 4, 4], [6, 6, 6, 6, 6]],
  [[1, 1, 1, 1, 1], [1, 1, 1, 1, 1]],
  [[1, 224, 256], [2, 300, 230]],
] as const; // prettier-ignore

/**
 * Runs a graph on inputs of two sizes, and returns the rank of every value, and which sizes stayed the same.
 *
 * @throws SignetError `NOT_EXPORTABLE` with what TensorFlow said first, where no size suits the graph.
 */
export function observeShapes(graph: FlatGraph): ReadonlyMap<string, ObservedShape> {
  let failure: unknown;
  for (const sizes of attempts) {
    try {
      const [first, second] = sizes.map((each) => shapesOf(graph, each));
      if (first && second) return combine(first, second);
    } catch (error) {
      failure ??= error;
    }
  }
  throw new SignetError(
    'NOT_EXPORTABLE',
    `The signature "${graph.signature}" runs at none of the sizes that were tried for ${graph.inputs.map(({ name, spec }) => `${name}: ${spec}`).join(', ')}. ` +
      `TensorFlow says: ${withoutStatus(wordsOf(failure))}. Export a function whose inputSignature has the sizes that it needs as numbers.`,
    { cause: failure },
  );
}

/** TensorFlow's words after `Invalid TF_Status: 3`. */
function withoutStatus(words: string): string {
  return words.replace(/^Invalid TF_Status: \d+\s*Message: /, '');
}

function shapesOf(graph: FlatGraph, sizes: readonly number[]): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  const feeds = new Map(graph.inputs.map((input) => [input.value, sampleOf(input, sizes)]));
  const wanted = graph.outputs.map(({ value }) => value);
  evaluate(graph, feeds, wanted, { onValue: (value, shape) => void shapes.set(value, shape) });
  for (const [value, { shape }] of feeds) shapes.set(value, shape);
  return shapes;
}

/** Values that are not all the same. */
const pattern = (_: number, i: number) => (i * 7) % 5;

function sampleOf({ spec }: FlatTensor, sizes: readonly number[]): TensorValue {
  const shape = (spec.sizes ?? []).map((size, i) => (size < 0 ? (sizes[i] ?? sizes.at(-1) ?? 1) : size));
  const count = shape.reduce((product, size) => product * size, 1);
  switch (spec.dtype) {
    case 'float32':
      return { dtype: 'float32', shape, values: new Float32Array(count).map(pattern) };
    case 'int32':
      return { dtype: 'int32', shape, values: new Int32Array(count).map(pattern) };
    case 'uint8':
      return { dtype: 'uint8', shape, values: new Uint8Array(count).map(pattern) };
    case 'bool':
      return { dtype: 'bool', shape, values: new Uint8Array(count).map((_, i) => i % 2) };
    case 'int64':
      return { dtype: 'int64', shape, values: new BigInt64Array(count) };
    default:
      return { dtype: 'string', shape, values: new Array<Uint8Array>(count).fill(new Uint8Array()) };
  }
}

function combine(
  first: ReadonlyMap<string, readonly number[]>,
  second: ReadonlyMap<string, readonly number[]>,
): Map<string, ObservedShape> {
  return new Map(
    [...first].map(([value, shape]) => {
      const other = second.get(value) ?? [];
      return [value, shape.map((size, i) => (other[i] === size ? size : null))];
    }),
  );
}
