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

/** A size as the graph can compute it: `factor * (product of dimensions) + offset`. */
export interface SizeExpression {
  readonly factor: number;
  readonly dimensions: readonly SourceDimension[];
  readonly offset: number;
}

/**
 * Finds what a size depends on, from its values in the traces: nothing, a dimension, `a * dimension + b`, or a multiple of
 * a product of up to three dimensions. The simplest explanation wins, then the first source.
 *
 * Sound because the samples are in general position (see `SampleSizes`).
 *
 * @returns null when no source explains the values.
 */
export function explainSize(values: readonly number[], sources: readonly SizeSource[]): SizeExpression | null {
  const [first = 0] = values;
  if (values.every((value) => value === first)) return { factor: 0, dimensions: [], offset: first };
  const candidates = sources.flatMap(varyingDimensions);
  const affine = candidates.flatMap((candidate) => fitLine(values, candidate) ?? []);
  return (
    affine.find(({ factor, offset }) => factor === 1 && offset === 0) ??
    affine.find(({ factor }) => factor === 1) ??
    affine[0] ??
    fitProduct(values, candidates)
  );
}

interface Candidate {
  readonly dimension: SourceDimension;
  readonly sizes: readonly number[];
}

function varyingDimensions(source: SizeSource): Candidate[] {
  return (source.shapes[0] ?? []).flatMap((first, axis) => {
    const sizes = source.shapes.map((shape) => shape[axis] ?? 0);
    return sizes.every((size) => size === first) ? [] : [{ dimension: { source, axis }, sizes }];
  });
}

function fitLine(values: readonly number[], { dimension, sizes }: Candidate): SizeExpression | null {
  const [v0 = 0, v1 = 0] = values;
  const [s0 = 0, s1 = 0] = sizes;
  const factor = (v1 - v0) / (s1 - s0);
  const offset = v0 - factor * s0;
  if (!Number.isInteger(factor) || factor === 0) return null;
  const fits = sizes.every((size, k) => factor * size + offset === values[k]);
  return fits ? { factor, dimensions: [dimension], offset } : null;
}

function fitProduct(values: readonly number[], candidates: readonly Candidate[]): SizeExpression | null {
  const distinct = candidates.filter(
    ({ sizes }, i) => candidates.findIndex((other) => other.sizes.join() === sizes.join()) === i,
  );
  for (const combination of combinations(distinct)) {
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
