import { type SizeExpression, sizeOperation } from './size-expression.js';

/** A number that JavaScript may compute from one size. */
export interface SizeForm {
  readonly evaluate: (size: number) => number;
  readonly build: (size: SizeExpression) => SizeExpression;
  /** Says whether a size would show more of a form that fits too few different values to be believed. Default: the form can be believed. */
  readonly shownBy?: ((size: number) => boolean) | undefined;
}

/**
 * The forms of a size that give these values, kind by kind, the simplest kind first:
 *
 * - a part rounded in any way, or a multiple of it: `floor((size + plus) / by) * factor + offset`;
 * - what is missing to a multiple, or a remainder, and the two halves of it;
 * - a limit: a form of the line or the part, or a number of windows, but at least or at most a number;
 * - a fraction rounded, such as 7/8, and the two halves of what it leaves.
 *
 * For a size that was itself made of two dimensions, `only` a few of them are tried.
 *
 * Within one kind every form is tried, so that the caller sees whether the samples tell them apart. Of forms that fit because nearly
 * all values are alike, `shownBy` says what would show more.
 */
export function* sizeForms(
  values: readonly number[],
  sizes: readonly number[],
  only: 'all' | 'parts' | 'halves' = 'all',
): Generator<SizeForm[]> {
  const isVaried = othersThanMost(values) > 1;
  const seen = new Set(values);
  const doubted = (form: SizeForm): SizeForm => {
    const shownBy = (size: number) => !seen.has(form.evaluate(size));
    return isVaried || form.shownBy ? form : { ...form, shownBy };
  };
  const fitting = (all: readonly SizeForm[]) =>
    all.filter((form) => sizes.every((size, k) => form.evaluate(size) === values[k])).map(doubted);
  forms ??= {
    quotients: divisors.flatMap(quotients),
    remainders: divisors.flatMap(remainders),
    fractions: [...fractions().flatMap(fractionForms), ...divisors.flatMap(rests)],
  };
  const parts = only === 'halves' ? quotients(2) : forms.quotients;
  yield parts.flatMap((part) => onLine(part, values, sizes)).map(doubted);
  if (only === 'all') yield fitting(forms.remainders);
  if (only === 'halves') return;
  yield limits(values, sizes, limitedParts()).map(doubted);
  if (only === 'parts') return;
  yield limits(values, sizes, limitedFractions(), 'fractions').map(doubted);
  yield limits(values, sizes, forms.quotients, 'windows').map(doubted);
  const isRich = new Set(values).size > 2;
  yield fitting(forms.fractions).map((form) =>
    isRich ? form : { ...form, shownBy: (size) => !seen.has(form.evaluate(size)) },
  );
}

/** How many values are not the most frequent one. */
function othersThanMost(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return values.length - Math.max(...counts.values());
}

/** Made when the first function asks for them. */
let forms: Record<'quotients' | 'remainders' | 'fractions', SizeForm[]> | undefined;

/** Strides, patches, and what networks shrink their images by. */
const divisors = [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20, 24, 28, 30, 32, 40, 48, 56, 64, 96, 100, 112, 128, 224];

function add(size: SizeExpression, number: number): SizeExpression {
  return sizeOperation('AddV2', size, number);
}

function shifted(by: number): SizeForm {
  return { evaluate: (size) => size + by, build: (size) => add(size, by) };
}

/** `floor((size * of + plus) / by)` */
function part(by: number, plus: number, of = 1): SizeForm {
  return {
    evaluate: (size) => Math.floor((size * of + plus) / by),
    build: (size) => sizeOperation('FloorDiv', add(sizeOperation('Mul', size, of), plus), by),
  };
}

/** All parts that differ by more than a whole number. */
function quotients(by: number): SizeForm[] {
  return Array.from({ length: by }, (_, plus) => part(by, plus));
}

/** The part itself or a multiple of it, plus a small number. */
function onLine(of: SizeForm, values: readonly number[], sizes: readonly number[]): SizeForm[] {
  const [s0 = 0] = sizes;
  const [v0 = 0] = values;
  const p0 = of.evaluate(s0);
  const other = sizes.findIndex((size) => of.evaluate(size) !== p0);
  if (other < 0) return [];
  const factor = ((values[other] ?? 0) - v0) / (of.evaluate(sizes[other] ?? 0) - p0);
  const offset = v0 - factor * p0;
  if (!Number.isInteger(factor) || factor === 0 || Math.abs(offset) > 300) return [];
  if (!sizes.every((size, k) => factor * of.evaluate(size) + offset === values[k])) return [];
  const parts = new Set(sizes.map((size) => of.evaluate(size)));
  return [
    {
      // Quotients of small sizes are hard to tell apart.
      shownBy: parts.size < 3 ? (size) => !parts.has(of.evaluate(size)) : undefined,
      evaluate: (size) => factor * of.evaluate(size) + offset,
      build: (size) => add(sizeOperation('Mul', of.build(size), factor), offset),
    },
  ];
}

/** The remainder of `sign * size + plus`, and the two halves of it. */
function remainders(by: number): SizeForm[] {
  const each = Array.from({ length: by }, (_, plus) => plus);
  return each.flatMap((plus) => [1, -1].flatMap((sign) => withHalves(remainder(by, plus, sign))));
}

function remainder(by: number, plus: number, sign: number): SizeForm {
  return {
    evaluate: (size) => {
      const value = sign * size + plus;
      return value - by * Math.floor(value / by);
    },
    build: (size) => sizeOperation('FloorMod', add(sizeOperation('Mul', size, sign), plus), by),
  };
}

function withHalves(of: SizeForm): SizeForm[] {
  const half = (plus: number): SizeForm => ({
    evaluate: (size) => Math.floor((of.evaluate(size) + plus) / 2),
    build: (size) => sizeOperation('FloorDiv', add(of.build(size), plus), 2),
  });
  return [of, half(0), half(1)];
}

/** Lines and parts that stay at their lowest or highest value: there, the limit. */
function limits(
  values: readonly number[],
  sizes: readonly number[],
  parts: readonly SizeForm[],
  kind: 'parts' | 'fractions' | 'windows' = 'parts',
): SizeForm[] {
  return (['Minimum', 'Maximum'] as const).flatMap((op) => {
    const limit = op === 'Minimum' ? Math.max(...values) : Math.min(...values);
    const free = values.flatMap((value, k) => (value === limit ? [] : [k]));
    if (free.length === 0 || free.length === values.length) return [];
    const [at = 0] = free;
    const shift = (values[at] ?? 0) - (sizes[at] ?? 0);
    const count = new Set(free.map((k) => values[k])).size;
    const isBeyond = (line: SizeForm, size: number) => line.evaluate(size) !== limit && !isFree(line, size);
    const isFree = (line: SizeForm, size: number) => line.evaluate(size) < limit === (op === 'Minimum');
    // A limit shows where the line goes beyond it: twice at least, and `least` values of the line itself.
    const make = (line: SizeForm, least: number): SizeForm[] => {
      const beyond = new Set(sizes.filter((size) => isBeyond(line, size))).size;
      if (beyond === 0) return [];
      const form = limited(line, op, limit);
      if (beyond > 1 && count >= least) return [form];
      return [{ ...form, shownBy: (size) => (beyond > 1 ? form.evaluate(size) !== limit : isBeyond(line, size)) }];
    };
    // A number less a size, and the halves of that: what is missing to a number.
    const first = (values[at] ?? 0) + (sizes[at] ?? 0);
    const wholes = [first, ...[-1, 0, 1].map((rest) => first + (values[at] ?? 0) + rest)];
    const lacks =
      kind === 'fractions' && op === 'Maximum' && limit === 0
        ? wholes.flatMap((whole) => make(lessThan(whole), 3))
        : [];
    // Two points are enough for a size itself; one line or another goes through any two.
    const hasLine = kind === 'parts' && (shift === 0 || free.length > 2);
    const lines = hasLine ? [shifted(shift)] : [];
    const fits = (line: SizeForm) => free.every((k) => line.evaluate(sizes[k] ?? 0) === values[k]);
    const counts = kind === 'windows' ? parts.flatMap((of) => windows(of, values[at] ?? 0, sizes[at] ?? 0)) : parts;
    const all = [
      ...lines.flatMap((line) => make(line, 2)),
      ...counts.filter(fits).flatMap((line) => make(line, 3)),
      ...lacks.flatMap((form) => withHalves(form).map((each) => ({ ...each, shownBy: form.shownBy }))),
    ];
    return all.filter((form) => sizes.every((size, k) => form.evaluate(size) === values[k]));
  });
}

/** A part and a small number, as in how many windows there is room for: `floor((size - window) / stride) + 1`. */
function windows(of: SizeForm, value: number, size: number): SizeForm[] {
  const offset = value - of.evaluate(size);
  if (offset === 0 || Math.abs(offset) > mostStridesOfWindow) return [];
  return [{ evaluate: (each) => of.evaluate(each) + offset, build: (each) => add(of.build(each), offset) }];
}

/** Windows larger than this many of their strides are not looked for. */
const mostStridesOfWindow = 16;

/** Parts and their multiples, rounded down, up and to the nearest. */
function limitedParts(): SizeForm[] {
  limitable.parts ??= divisors.flatMap((by) =>
    [0, by - 1, by >> 1].flatMap((plus) => [part(by, plus), multiple(by, plus)]),
  );
  return limitable.parts;
}

function limitedFractions(): SizeForm[] {
  limitable.fractions ??= fractions().flatMap(roundings);
  return limitable.fractions;
}

/** Made when the first function asks for them. */
const limitable: { parts?: SizeForm[]; fractions?: SizeForm[] } = {};

/** A number less a size. */
function lessThan(whole: number): SizeForm {
  return { evaluate: (size) => whole - size, build: (size) => add(sizeOperation('Mul', size, -1), whole) };
}

function multiple(by: number, plus: number): SizeForm {
  const of = part(by, plus);
  return { evaluate: (size) => of.evaluate(size) * by, build: (size) => sizeOperation('Mul', of.build(size), by) };
}

function limited(of: SizeForm, op: 'Minimum' | 'Maximum', limit: number): SizeForm {
  const choose = op === 'Minimum' ? Math.min : Math.max;
  return {
    evaluate: (size) => choose(of.evaluate(size), limit),
    build: (size) => sizeOperation(op, of.build(size), limit),
  };
}

interface Fraction {
  readonly of: number;
  readonly by: number;
}

/** Seven eighths and the like. Not all decimals: those that JavaScript rounds differently from the graph are left out. */
function fractions(): Fraction[] {
  const parts = [8, 10, 16, 20, 100].flatMap((by) => Array.from({ length: by - 1 }, (_, i) => ({ of: i + 1, by })));
  const others = [[2, 3], [3, 2], [5, 4], [3, 4]].map(([of = 1, by = 1]) => ({ of, by })); // prettier-ignore
  return [...parts, ...others].filter(isExact);
}

function isExact({ of, by }: Fraction): boolean {
  const product = of / by;
  for (let size = 1; size <= 2048; size++) {
    if (Math.floor(size * product) !== Math.floor((size * of) / by)) return false;
    if (Math.round(size * product) !== Math.floor((2 * size * of + by) / (2 * by))) return false;
  }
  return true;
}

/** Rounded down, up, and to the nearest. */
function roundings({ of, by }: Fraction): SizeForm[] {
  return [part(by, 0, of), part(by, by - 1, of), part(2 * by, by, 2 * of)];
}

function fractionForms(fraction: Fraction): SizeForm[] {
  return roundings(fraction).flatMap((each) => [each, ...withHalves(restOf(each))]);
}

/** What a part leaves, rounded down or up. */
function rests(by: number): SizeForm[] {
  return [0, by - 1].map((plus) => restOf(part(by, plus)));
}

function restOf(form: SizeForm): SizeForm {
  return {
    evaluate: (size) => size - form.evaluate(size),
    build: (size) => sizeOperation('Sub', size, form.build(size)),
  };
}

/** Two sizes, one of them or both in parts, as in a number of patches: what their product is. */
export interface PairForm {
  readonly evaluate: (a: number, b: number) => number;
  readonly build: (a: SizeExpression, b: SizeExpression) => SizeExpression;
}

/** The products of parts of two sizes, and multiples of them, that give these values. */
export function productForms(
  values: readonly number[],
  a: readonly number[],
  b: readonly number[],
): readonly PairForm[] {
  const whole: SizeForm = { evaluate: (size) => size, build: (size) => size };
  const products = divisors.flatMap((by) =>
    [0, by - 1].flatMap((plus) => {
      const each = part(by, plus);
      return [[each, each], [whole, each], [each, whole]] as const; // prettier-ignore
    }),
  );
  return products.flatMap(([of, other]) => {
    const product = (k: number) => of.evaluate(a[k] ?? 0) * other.evaluate(b[k] ?? 0);
    if (product(0) * (values[1] ?? 0) !== product(1) * (values[0] ?? 0)) return [];
    const numbers = a.map((_, k) => product(k));
    const largest = numbers.indexOf(Math.max(...numbers));
    const factor = (values[largest] ?? 0) / (numbers[largest] ?? 0);
    const isVaried = new Set(numbers).size > 4;
    if (!isVaried || !Number.isInteger(factor) || numbers.some((number, k) => number * factor !== values[k])) return [];
    return [
      {
        evaluate: (x: number, y: number) => factor * of.evaluate(x) * other.evaluate(y),
        build: (x: SizeExpression, y: SizeExpression) =>
          sizeOperation('Mul', sizeOperation('Mul', of.build(x), other.build(y)), factor),
      },
    ];
  });
}
