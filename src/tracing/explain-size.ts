import { productForms, type SizeForm, sizeForms } from './size-forms.js';
import {
  evaluateSize,
  type SizeExpression,
  sizeOperation,
  type SizeSource,
  type SourceDimension,
} from './size-expression.js';

/**
 * Finds what a size depends on, from its values in the traces: nothing, a dimension, a multiple of one, a dimension and a
 * number, a multiple of a product of up to three, `a * dimension + b`, or the sum of two dimensions. Then what JavaScript makes of
 * sizes (see `sizeForms`): parts rounded in any way, remainders, limits, the smaller or larger of two dimensions.
 *
 * The first of these that fits wins, then the first source; where two forms of one kind fit that would differ at other sizes,
 * neither is believed. Sound because the samples are in general position (see `SampleSizes`).
 *
 * @param undecided Gets a size at which forms that fit would differ, where there are several: a trace with that size decides.
 * @returns null when no source explains the values.
 */
export function explainSize(
  values: readonly number[],
  sources: readonly SizeSource[],
  undecided: DecidingSize[] = [],
): SizeExpression | null {
  const [first = 0] = values;
  if (values.every((value) => value === first)) return first;
  const candidates = distinctDimensions(sources);
  const affine = candidates.flatMap((candidate) => fitLine(values, candidate) ?? []);
  const line =
    affine.find(({ factor, offset }) => factor === 1 && offset === 0) ??
    affine.find(({ offset }) => offset === 0) ??
    affine.find(({ factor }) => factor === 1);
  if (line) return lineOf(line);
  const product = fitProduct(values, candidates);
  if (product) return product;
  if (affine[0]) return lineOf(affine[0]);
  return fitSum(values, candidates) ?? fitForms(values, candidates, undecided);
}

/** A size of a dimension at which two formulas differ that agree on all traces. */
export interface DecidingSize {
  readonly dimension: SourceDimension;
  readonly size: number;
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

interface Line {
  readonly dimension: SourceDimension;
  readonly factor: number;
  readonly offset: number;
}

function lineOf({ dimension, factor, offset }: Line): SizeExpression {
  return sizeOperation('AddV2', sizeOperation('Mul', dimension, factor), offset);
}

/** Two sizes whose quotient, as float32, gives these values: as in the ratio of a picture's sides. */
export function explainRatio(
  values: readonly number[],
  sources: readonly SizeSource[],
): readonly [SizeExpression, SizeExpression] | null {
  const candidates = distinctDimensions(sources).slice(0, mostPairedDimensions);
  for (const [a, b] of pairs(candidates)) {
    for (const [above, below] of [
      [a, b],
      [b, a],
    ] as const) {
      // prettier-ignore
      const fits = values.every((value, k) => value === Math.fround((above.sizes[k] ?? 0) / (below.sizes[k] ?? 0)));
      if (fits) return [above.dimension, below.dimension];
    }
  }
  return null;
}

/** Whole numbers with `factor * size + offset === value` for all, or null. */
function fitLine(values: readonly number[], { dimension, sizes }: Candidate): Line | null {
  const other = sizes.findIndex((size) => size !== sizes[0]);
  const [v0 = 0, s0 = 0, v1 = 0, s1 = 0] = [values[0], sizes[0], values[other], sizes[other]];
  const factor = (v1 - v0) / (s1 - s0);
  const offset = v0 - factor * s0;
  if (!Number.isInteger(factor) || factor === 0) return null;
  // A step of a transposed convolution and the edge of its window are small. Anything goes for a shift or a multiple.
  if (Math.abs(factor) > 1 && offset !== 0 && (Math.abs(factor) > 8 || Math.abs(offset) > 16)) return null;
  return sizes.every((size, k) => factor * size + offset === values[k]) ? { dimension, factor, offset } : null;
}

function fitProduct(values: readonly number[], candidates: readonly Candidate[]): SizeExpression | null {
  for (const combination of combinations(candidates)) {
    const ratios = values.map((value, k) => combination.reduce((rest, { sizes }) => rest / (sizes[k] ?? 1), value));
    const factor = Math.round(ratios[0] ?? 0);
    if (
      factor === 0 ||
      !Number.isFinite(factor) ||
      ratios.some((ratio) => Math.abs(ratio - factor) > 1e-9 * Math.abs(factor))
    )
      continue;
    const [first = 0, ...others] = combination.map(({ dimension }): SizeExpression => dimension);
    const product = others.reduce((all, dimension) => sizeOperation('Mul', all, dimension), first);
    return sizeOperation('Mul', product, factor);
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

/** Two dimensions one after the other. Many pairs there are: if two of them fit, neither is believed. */
function fitSum(values: readonly number[], candidates: readonly Candidate[]): SizeExpression | null {
  const fitting = pairs(candidates).filter(([a, b]) =>
    values.every((value, k) => value === (a.sizes[k] ?? 0) + (b.sizes[k] ?? 0)),
  );
  const [first] = fitting;
  return first && fitting.length === 1 ? sizeOperation('AddV2', first[0].dimension, first[1].dimension) : null;
}

/** A pair of dimensions is looked at only where these are few: of many pairs, one fits by accident. */
const mostPairedDimensions = 8;

/** The first form that is sure; else, of those that fit too few values to be believed, the sizes at which they would show. */
function fitForms(
  values: readonly number[],
  candidates: readonly Candidate[],
  undecided: DecidingSize[],
): SizeExpression | null {
  const open: DecidingSize[] = [];
  const guesses: DecidingSize[] = [];
  const shown: { readonly dimension: SourceDimension; readonly form: SizeForm; readonly size: number }[] = [];
  const note = (list: DecidingSize[], dimension: SourceDimension, { size }: Undecided) =>
    list.push({ dimension, size });
  for (const { dimension, sizes } of candidates) {
    const found = decide(sizeForms(values, sizes), sizes);
    if (found === null) continue;
    if ('form' in found && !found.isOnlyShown) return found.form.build(dimension);
    if ('form' in found) shown.push({ dimension, form: found.form, size: rarest(values, sizes) });
    else note(found.isGuess ? guesses : open, dimension, found);
  }
  undecided.push(...open);
  // What one dimension may explain is not looked for in two.
  if (open.length > 0) return null;
  const [only, ...others] = shown;
  if (only && others.length + guesses.length === 0) return only.form.build(only.dimension);
  // Height and width are both 1 where the batch is: only a trace in which the others are not shows whose 1 it was.
  if (only) {
    undecided.push(...shown, ...guesses);
    return null;
  }
  for (const [a, b] of pairs(candidates.slice(0, mostPairedDimensions))) {
    for (const [of, sizes] of bothOf(a, b)) {
      if (values.every((value, k) => value === sizes[k])) return of;
      const [first = 0] = a.sizes;
      const ofSize = (size: number) => evaluateSize(of, (dimension) => (dimension === b.dimension ? size : first));
      const isDifference = typeof of === 'object' && 'op' in of && of.op === 'Sub';
      const found = decide(sizeForms(values, sizes, isDifference ? 'halves' : 'parts'), sizes, ofSize);
      if (found === null) continue;
      if ('form' in found) return found.form.build(of);
      note(found.isGuess ? guesses : undecided, b.dimension, found);
    }
  }
  for (const [a, b] of pairs(candidates.slice(0, mostPairedDimensions))) {
    const [form, ...others] = productForms(values, a.sizes, b.sizes);
    if (!form) continue;
    // A size for both at which the roundings differ.
    const at = probes.find((size) => others.some((other) => other.evaluate(size, size) !== form.evaluate(size, size)));
    if (at === undefined) return form.build(a.dimension, b.dimension);
    undecided.push({ dimension: a.dimension, size: at }, { dimension: b.dimension, size: at });
  }
  undecided.push(...guesses);
  return null;
}

/** The size with the rarest value. */
function rarest(values: readonly number[], sizes: readonly number[]): number {
  const counts = values.map((value) => values.filter((other) => other === value).length);
  return sizes[counts.indexOf(Math.min(...counts))] ?? 0;
}

function pairs(candidates: readonly Candidate[]): [Candidate, Candidate][] {
  return candidates.flatMap((a, i) => candidates.slice(i + 1).map((b): [Candidate, Candidate] => [a, b]));
}

/** What JavaScript computes from two sizes before it continues: the smaller, the larger, and how much each falls short of that. */
function bothOf(a: Candidate, b: Candidate): [SizeExpression, readonly number[]][] {
  const join = (op: 'Minimum' | 'Maximum') => sizeOperation(op, a.dimension, b.dimension);
  const both: SizeExpression[] = [join('Minimum'), join('Maximum'), sizeOperation('AddV2', a.dimension, b.dimension)];
  const sides = [a.dimension, b.dimension];
  both.push(
    ...sides.map((side) => sizeOperation('Sub', join('Maximum'), side)),
    ...sides.map((side) => sizeOperation('Sub', side, join('Minimum'))),
    sizeOperation('Sub', a.dimension, b.dimension),
  );
  return both.map((size) => [
    size,
    a.sizes.map((_, k) =>
      evaluateSize(size, (dimension) => (dimension === a.dimension ? a.sizes[k] : b.sizes[k]) ?? 0),
    ),
  ]);
}

/** One form fits. */
interface Decided {
  readonly form: SizeForm;
  /** Whether it fits few different values, since there are no more: it may fit another dimension as well. */
  readonly isOnlyShown: boolean;
}

/** Several forms fit, or they fit too little. */
interface Undecided {
  /** Where they differ, or one that is only a guess shows what it is. */
  readonly size: number;
  readonly isGuess: boolean;
}

/**
 * The form that fits; a size that would decide, where several that differ do, or one that is only a guess; null where none fits.
 *
 * @param sizes What the forms were tried with.
 * @param ofSize What a form gets for a size of a dimension.
 */
function decide(
  kinds: Iterable<SizeForm[]>,
  sizes: readonly number[],
  ofSize = (size: number) => size,
): Decided | Undecided | null {
  const guesses: SizeForm[] = [];
  for (const all of kinds) {
    const fitting = all.filter(({ shownBy }) => !shownBy);
    guesses.push(...all.filter(({ shownBy }) => shownBy));
    const [form, ...others] = fitting;
    if (!form) continue;
    const isSame = (other: SizeForm) => probes.every((size) => other.evaluate(size) === form.evaluate(size));
    if (others.every(isSame)) return { form, isOnlyShown: false };
    return { size: dividing(fitting, ofSize), isGuess: false };
  }
  const [guess, ...others] = guesses;
  if (!guess) return null;
  const isOther = (other: SizeForm) => probes.some((size) => other.evaluate(size) !== guess.evaluate(size));
  if (others.some(isOther)) return { size: dividing(guesses, ofSize), isGuess: true };
  const telling = probes.filter((size) => guess.shownBy?.(ofSize(size)) && !sizes.includes(ofSize(size)));
  const distance = (size: number) => Math.min(...sizes.map((seen) => Math.abs(seen - ofSize(size))));
  const [farthest] = telling.sort((a, b) => distance(b) - distance(a));
  // If no further size would show more, all has been shown: for `n - 1`, but at least 1, the only such size is 1.
  return farthest === undefined ? { form: guess, isOnlyShown: true } : { size: farthest, isGuess: true };
}

/** The size at which forms differ most. */
function dividing(forms: readonly SizeForm[], ofSize: (size: number) => number): number {
  const groups = probes.map((size) => largestGroup(forms.map((each) => each.evaluate(ofSize(size)))));
  return probes[groups.indexOf(Math.min(...groups))] ?? 0;
}

/** How many of the values are the same. */
function largestGroup(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return Math.max(...counts.values());
}

/** Sizes at which forms are compared. */
const probes = Array.from({ length: 700 }, (_, i) => i + 2);
