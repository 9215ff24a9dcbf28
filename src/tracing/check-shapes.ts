import type { NamedSpec } from './concrete-function.js';

/**
 * Sizes of the unknown dimensions of a function, in their order, at which its values are compared with its graph's. No trace has them.
 *
 * All equal, primes, multiples of 32, higher than wide and wider than high, one row or one column; then each dimension in turn large and a multiple of what
 * programs compare sizes with: 192 is one of 64 and of 48, 960 of 32, 60 and 15, 1,344 of 224, 96 and 28. At last a picture of two rows or columns, below the
 * least sizes that programs ask for: half of what 1 lacks is a whole number more often than half of what 2 lacks.
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

/** Pictures in a batch: where sizes grow with it, more of them would not fit into memory. */
export const largestBatch = 128;

/** Shapes of the arguments for a comparison of values, each other than those before. */
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
