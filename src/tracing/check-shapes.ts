import type { NamedSpec } from './concrete-function.js';

/**
 * Sizes for the unknown dimensions of a function, in order. At these, its values are compared with those of its graph; no trace uses them.
 *
 * First come equal sizes, primes, multiples of 32, tall and wide pictures, and one row or column. Then each dimension in turn is large, and a multiple of
 * sizes that programs compare with: 192 is a multiple of 64 and 48, 960 of 32, 60 and 15, and 1,344 of 224, 96 and 28. The last pictures have two rows or
 * columns: where a program pads both sides to a least size, often an odd one such as 3, the padding of one row is even, and that of two rows is not.
 */
const rows: readonly (readonly number[])[] = [
  [12, 12, 12, 12],
  [7, 47, 61, 13],
  [3, 90, 40, 17],
  [2, 37, 118, 5],
  [3, 1, 40, 2],
  [3, 40, 1, 2],
  [100, 5, 3, 2],
  [2, 100, 192, 3],
  [224, 7, 2, 3],
  [1, 224, 100, 2],
  [300, 2, 7, 5],
  [3, 300, 5, 7],
  [1, 3, 300, 2],
  [192, 3, 5, 4],
  [2, 192, 224, 1],
  [960, 3, 2, 1],
  [2, 960, 3, 5],
  [2, 5, 960, 3],
  [1344, 2, 3, 2],
  [1, 1344, 4, 3],
  [1, 2, 1344, 3],
  [61, 53, 29, 5],
  [32, 64, 96, 8],
  [5, 4, 2, 3],
  [6, 2, 4, 2],
];

/** The most pictures in a batch: where sizes grow with it, more would not fit into memory. */
export const largestBatch = 128;

/** Shapes of the arguments for a comparison of values, without repetition. */
export function checkShapes(inputs: readonly NamedSpec[]): number[][][] {
  const hasBatch = inputs.some(({ spec }) => (spec.shape?.length ?? 0) > 3);
  const all = rows.filter(([first = 0]) => !hasBatch || first <= largestBatch).map((row) => shapesOf(inputs, row));
  const distinct = new Map(all.map((shapes) => [JSON.stringify(shapes), shapes]));
  return [...distinct.values()];
}

function shapesOf(inputs: readonly NamedSpec[], row: readonly number[]): number[][] {
  const named = new Map<string, number>();
  let unknown = 0;
  const next = () => row[unknown++ % row.length] ?? 1;
  return inputs.map(({ spec: { shape } }) =>
    (shape ?? [null, null]).map((size) => {
      if (typeof size === 'number') return size;
      if (size === null) return next();
      const known = named.get(size) ?? next();
      named.set(size, known);
      return known;
    }),
  );
}
