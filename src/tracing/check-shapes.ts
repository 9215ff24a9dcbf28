import type { NamedSpec } from './concrete-function.js';

/**
 * Sizes for the unknown dimensions of a function, in two groups. At these, its values are compared with those of its graph; no trace uses them. Where a
 * function has many ops, part of the second group is left out.
 *
 * The first group tells the most: equal sizes and primes; each dimension in turn large, and a multiple of sizes that programs compare with (960 of
 * 96, 64, 60 and 10, 1,344 of 224, 96 and 28); one row or column; and pictures of two rows or columns: where a program pads both sides to a minimum
 * size, often an odd one such as 3, the padding of one row is even, and that of two rows is not.
 *
 * The second begins with squares beyond the sizes that programs compare with: code for equal sizes alone may have a limit of its own.
 */
const groups: readonly (readonly (readonly number[])[])[] = [
  [
    [12, 12, 12, 12],
    [7, 47, 61, 13],
    [960, 3, 2, 1],
    [2, 960, 3, 5],
    [2, 5, 960, 3],
    [1344, 2, 3, 2],
    [1, 1344, 4, 3],
    [1, 2, 1344, 3],
    [3, 1, 40, 2],
    [3, 40, 1, 2],
    [5, 4, 2, 3],
    [6, 2, 4, 2],
  ],
  [
    [240, 240, 3, 2],
    [2, 240, 240, 3],
    [300, 2, 7, 5],
    [3, 300, 5, 7],
    [1, 3, 300, 2],
    [100, 5, 3, 2],
    [2, 100, 192, 3],
    [192, 3, 5, 4],
    [2, 192, 224, 1],
    [224, 7, 2, 3],
    [1, 224, 100, 2],
    [32, 64, 96, 8],
    [3, 90, 40, 17],
    [2, 37, 118, 5],
    [61, 53, 29, 5],
  ],
];

/** Shapes of the arguments for a comparison of values, without repetition, in the two groups. */
export function checkShapes(inputs: readonly NamedSpec[]): number[][][][] {
  const seen = new Set<string>();
  const isNew = (shapes: number[][]) => {
    const key = JSON.stringify(shapes);
    const isKnown = seen.has(key);
    seen.add(key);
    return !isKnown;
  };
  return groups.map((rows) => rows.map((row) => shapesOf(inputs, row)).filter(isNew));
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
