import type { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';

/** A tensor whose sizes a graph can ask for when it runs, with its shape in each trace. */
export interface SizeSource {
  /** The tensor's name in the graph being made. */
  readonly tensor: string;
  readonly dataType: DataType;
  readonly shapes: readonly (readonly number[])[];
}

/** One dimension of a source. */
export interface SourceDimension {
  readonly source: SizeSource;
  readonly axis: number;
}

/** A size as the graph can compute it: `factor * floor((product of dimensions + plus) / by) + offset`, or without the quotient. */
export interface SizeExpression {
  readonly factor: number;
  readonly dimensions: readonly SourceDimension[];
  readonly offset: number;
  /** What becomes of the product before it is multiplied. */
  readonly quotient?: { readonly plus: number; readonly by: number };
  /** One more dimension, added at the end. */
  readonly added?: SourceDimension;
}

/**
 * Finds what a size depends on, from its values in the traces: nothing, a dimension, a multiple of one, a dimension and a
 * number, a multiple of a product of up to three, `a * dimension + b`, a half, a third or a quarter rounded in any way, or
 * the sum of two dimensions. The first of these that fits wins, then the first source.
 *
 * Sound because the samples are in general position (see `SampleSizes`).
 *
 * @returns null when no source explains the values.
 */
export function explainSize(values: readonly number[], sources: readonly SizeSource[]): SizeExpression | null {
  const [first = 0] = values;
  if (values.every((value) => value === first)) return { factor: 0, dimensions: [], offset: first };
  const candidates = distinctDimensions(sources);
  const affine = candidates.flatMap((candidate) => fitLine(values, candidate) ?? []);
  return (
    affine.find(({ factor, offset }) => factor === 1 && offset === 0) ??
    affine.find(({ offset }) => offset === 0) ??
    affine.find(({ factor }) => factor === 1) ??
    fitProduct(values, candidates) ??
    affine[0] ??
    fitQuotient(values, candidates) ??
    fitSum(values, candidates)
  );
}

/** What a size is where the dimensions are known. */
export function evaluateSize(
  { factor, dimensions, offset, quotient, added }: SizeExpression,
  sizeOf: (dimension: SourceDimension) => number,
): number {
  if (dimensions.length === 0) return offset;
  const product = dimensions.reduce((sizes, dimension) => sizes * sizeOf(dimension), 1);
  const part = quotient ? Math.floor((product + quotient.plus) / quotient.by) : product;
  return factor * part + offset + (added ? sizeOf(added) : 0);
}

interface Candidate {
  readonly dimension: SourceDimension;
  readonly sizes: readonly number[];
}

/** Dimensions that vary; of those with the same sizes in every trace, the first. */
function distinctDimensions(sources: readonly SizeSource[]): Candidate[] {
  const distinct = new Map<string, Candidate>();
  for (const candidate of sources.flatMap(varyingDimensions)) {
    const key = candidate.sizes.join();
    if (!distinct.has(key)) distinct.set(key, candidate);
  }
  return [...distinct.values()];
}

function varyingDimensions(source: SizeSource): Candidate[] {
  return (source.shapes[0] ?? []).flatMap((first, axis) => {
    const sizes = source.shapes.map((shape) => shape[axis] ?? 0);
    return sizes.every((size) => size === first) ? [] : [{ dimension: { source, axis }, sizes }];
  });
}

function fitLine(values: readonly number[], { dimension, sizes }: Candidate): SizeExpression | null {
  const line = lineThrough(sizes, values);
  return line && { ...line, dimensions: [dimension] };
}

/** Whole numbers with `factor * size + offset === value` for all, or null. */
function lineThrough(
  sizes: readonly number[],
  values: readonly number[],
): { readonly factor: number; readonly offset: number } | null {
  // The first two sizes may be equal where a quotient is small.
  const other = sizes.findIndex((size) => size !== sizes[0]);
  const [v0 = 0, s0 = 0, v1 = 0, s1 = 0] = [values[0], sizes[0], values[other], sizes[other]];
  const factor = (v1 - v0) / (s1 - s0);
  const offset = v0 - factor * s0;
  if (!Number.isInteger(factor) || factor === 0) return null;
  // A step of a transposed convolution and the edge of its window are small. Anything goes for a shift or a multiple.
  if (Math.abs(factor) > 1 && offset !== 0 && (Math.abs(factor) > 8 || Math.abs(offset) > 16)) return null;
  return sizes.every((size, k) => factor * size + offset === values[k]) ? { factor, offset } : null;
}

function fitProduct(values: readonly number[], candidates: readonly Candidate[]): SizeExpression | null {
  for (const combination of combinations(candidates)) {
    const ratios = values.map((value, k) => combination.reduce((rest, { sizes }) => rest / (sizes[k] ?? 1), value));
    const factor = Math.round(ratios[0] ?? 0);
    if (factor === 0 || ratios.some((ratio) => Math.abs(ratio - factor) > 1e-9 * Math.abs(factor))) continue;
    return { factor, dimensions: combination.map(({ dimension }) => dimension), offset: 0 };
  }
  return null;
}

/** Pairs, then triples, of dimensions, the same one twice included (a square). */
function* combinations(all: readonly Candidate[]): Generator<Candidate[]> {
  for (const [i, a] of all.entries()) for (const b of all.slice(i)) yield [a, b];
  for (const [i, a] of all.entries()) {
    for (const [j, b] of all.slice(i).entries()) for (const c of all.slice(i + j)) yield [a, b, c];
  }
}

/**
 * A half, a third or a quarter, rounded down, up or between. Only where the samples leave every remainder: otherwise two ways of
 * rounding could agree on all of them and differ later.
 */
function fitQuotient(values: readonly number[], candidates: readonly Candidate[]): SizeExpression | null {
  for (const { dimension, sizes } of candidates) {
    for (const by of [2, 3, 4]) {
      if (new Set(sizes.map((size) => size % by)).size < by) continue;
      // Quotients of small sizes are like one another.
      if (new Set(sizes.map((size) => Math.floor(size / by))).size < 3) continue;
      for (const { plus, factor, offset } of roundings(by)) {
        const fits = sizes.every((size, k) => factor * Math.floor((size + plus) / by) + offset === values[k]);
        if (fits) return { factor, dimensions: [dimension], offset, quotient: { plus, by } };
      }
    }
  }
  return null;
}

/** A part, one more or less (the length of a spectrum), or the whole without its remainder. */
function roundings(by: number): { plus: number; factor: number; offset: number }[] {
  return Array.from({ length: by }, (_, plus) => plus).flatMap((plus) => [
    { plus, factor: 1, offset: 0 },
    { plus, factor: by, offset: 0 },
    { plus, factor: 1, offset: 1 },
    { plus, factor: 1, offset: -1 },
  ]);
}

/** Two dimensions one after the other. Many pairs there are: if two of them fit, neither is believed. */
function fitSum(values: readonly number[], candidates: readonly Candidate[]): SizeExpression | null {
  const fitting = candidates.flatMap((a, i) =>
    candidates
      .slice(i + 1)
      .filter((b) => values.every((value, k) => value === (a.sizes[k] ?? 0) + (b.sizes[k] ?? 0)))
      .map((b) => ({ factor: 1, dimensions: [a.dimension], offset: 0, added: b.dimension })),
  );
  return fitting.length === 1 ? (fitting[0] ?? null) : null;
}
