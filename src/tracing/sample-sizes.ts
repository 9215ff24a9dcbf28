/** Purpose of a trace with made-up sizes. */
export type SampleKind =
  /** In general position: what the function does with these is what it does with any. */
  | 'base'
  /** Beyond thresholds: 8 and 16 rows, 96, 224 and 320 pixels, a height above the width. The function must do the same here. */
  | 'wide'
  /** Where TF.js itself rightly decides by a size: ones, equal sizes. Other ops may run here, if they give the same result. */
  | 'edge';

/** The traces of a function with unknown sizes, in their order. */
export const sampleKinds: readonly SampleKind[] = [
  ...new Array<SampleKind>(4).fill('base'),
  ...new Array<SampleKind>(6).fill('wide'),
  ...new Array<SampleKind>(3).fill('edge'),
];

/** Number of traces that explain differences. */
export const tracesForUnknownSizes = sampleKinds.filter((kind) => kind !== 'edge').length;

/** One unknown dimension's size in each trace. */
export type SizeSample = readonly number[];

/**
 * The sizes that unknown dimensions get while a function is traced.
 *
 * They are in general position, so that a size met later on the tape has one explanation. Every trace of a function asks in
 * the same order and gets its own column.
 */
export class SampleSizes {
  #count = 0;
  readonly #named = new Map<string, SizeSample>();

  /** How many samples have been given. */
  get count(): number {
    return this.#count;
  }

  /** The sample of a named dimension: the same for the same name. */
  named(name: string): SizeSample {
    const known = this.#named.get(name);
    if (known) return known;
    const sample = this.next();
    this.#named.set(name, sample);
    return sample;
  }

  /** The sample of one more unknown dimension. */
  next(): SizeSample {
    this.#count += 1;
    while (known.length < this.#count) known.push(found());
    return samples(this.#count - 1);
  }
}

/**
 * Whether sizes that a program derives from one sample cannot be taken for sizes derived from another, or in another way:
 *
 * - Its differences have no common divisor. `2 * floor(n / 2)` and `n - 1` are the same number for all odd `n`, so a sample
 *   of odd sizes would turn a U-Net's `2 * pooled` into `n - 1`; likewise for every other divisor.
 * - It is not an integer-affine function of another sample, nor is a window's output size, `floor((n + r) / m)`.
 * - It is not a multiple of the product of two others.
 */
export function inGeneralPosition(all: readonly SizeSample[]): boolean {
  return all.every(
    (x, i) =>
      commonDivisor(x) === 1 &&
      all.every(
        (y, j) =>
          i === j ||
          (!isAffine(x, y) &&
            quotients(x).every((quotient) => !isAffine(quotient, y)) &&
            all.every((z) => z === x || z === y || !isMultiple(x, y, z))),
      ),
  );
}

/** The greatest divisor of all differences. */
function commonDivisor([first = 0, ...others]: SizeSample): number {
  const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));
  return others.reduce((divisor, size) => gcd(divisor, size - first), 0);
}

/** `floor((n + r) / m)`, as far as it varies: the sizes after windows and strides. */
function quotients(sample: SizeSample): SizeSample[] {
  return [2, 3, 4, 5, 6, 7, 8].flatMap((m) =>
    Array.from({ length: m }, (_, r) => sample.map((size) => Math.floor((size + r) / m))).filter(([first, ...others]) =>
      others.some((size) => size !== first),
    ),
  );
}

function isAffine(x: SizeSample, y: SizeSample): boolean {
  const [x0 = 0, x1 = 0] = x;
  const [y0 = 0, y1 = 0] = y;
  const slope = (x1 - x0) / (y1 - y0);
  return Number.isInteger(slope) && x.every((size, k) => size === x0 + slope * ((y[k] ?? 0) - y0));
}

function isMultiple(x: SizeSample, y: SizeSample, z: SizeSample): boolean {
  const ratio = x.map((size, k) => size / ((y[k] ?? 1) * (z[k] ?? 1)));
  return Number.isInteger(ratio[0]) && ratio.every((value) => value === ratio[0]);
}

/**
 * The first is small, because a trace really computes and the first dimension is usually the batch. The next two are for height and width: large
 * enough to still differ after five halvings, with both parities after each of the first three. All but the batch leave every remainder of 3 and of
 * 4.
 *
 * Found by a search for samples of which `test/tracing/sample-sizes.test.ts` holds; more than these are seldom wanted.
 */
const chosen: readonly SizeSample[] = [
  [2, 5, 3, 4],
  [44, 54, 51, 25],
  [51, 25, 46, 44],
  [33, 31, 10, 44],
  [7, 32, 29, 42],
  [42, 44, 7, 29],
  [39, 29, 18, 28],
];

/** The first results of the search below, which would take half a second in every process that traces a function that decodes images. */
const foundBefore: readonly SizeSample[] = [
  [21, 38, 16, 23], [38, 36, 19, 13], [15, 32, 29, 22], [17, 24, 35, 10], [22, 33, 7, 32], [36, 26, 13, 15], [36, 14, 9, 7], [11, 28, 33, 30],
  [34, 9, 35, 8], [14, 13, 24, 11], [15, 29, 28, 30], [18, 17, 16, 15], [26, 11, 28, 9], [14, 31, 29, 12], [18, 40, 23, 21], [16, 33, 38, 23],
  [34, 23, 24, 17], [31, 20, 25, 30], [34, 29, 12, 35], [20, 23, 18, 25], [18, 33, 23, 40], [22, 35, 24, 21], [13, 35, 24, 18], [36, 25, 35, 34],
  [25, 12, 10, 35], [32, 33, 34, 11], [11, 34, 9, 40], [30, 23, 24, 37], [35, 9, 22, 32], [20, 37, 31, 30], [9, 38, 28, 11], [22, 9, 20, 7],
  [31, 24, 38, 37],
]; // prettier-ignore

/**
 * The wide sizes of the dimensions, in their order. Each of the first three leaves every remainder of 8 and of 5, has a multiple of
 * 64 or of 32 and its two neighbours, which tells rounding down from rounding up, and one trace in which it is large and the others are not.
 */
const wide: readonly SizeSample[] = [
  [14, 63, 64, 2, 161, 2],
  [65, 6, 37, 448, 2, 191],
  [64, 101, 77, 321, 18, 383],
  [33, 12, 7, 64, 16, 63],
  [20, 9, 31, 65, 15, 128],
  [8, 40, 65, 17, 9, 31],
  [64, 11, 14, 63, 33, 11],
];

/** All ones; all equal; one picture with equal sides. */
const edges: readonly SizeSample[] = [[1, 33, 1], [1, 33, 64], [1, 33, 64], [1, 33, 16]]; // prettier-ignore

function samples(position: number): SizeSample {
  const edge = edges[Math.min(position, edges.length - 1)] ?? [];
  return [...(known[position] ?? []), ...(wide[position] ?? generatedWide(position)), ...edge];
}

/** Similar to those of the dimensions after the third, but different. */
function generatedWide(position: number): SizeSample {
  return [...(wide[3 + (position % 4)] ?? [])].map((size, k) => size + ((position * (k + 3)) % 23) + 1);
}

/** Those and the samples found since: all functions get the same ones, and searching takes longer than tracing. */
const known: SizeSample[] = [...chosen, ...foundBefore];
const further = candidates();

function found(): SizeSample {
  let sample = further.next().value;
  while (!inGeneralPosition([...known, sample])) sample = further.next().value;
  return sample;
}

/** A linear congruential generator: any order will do, as long as it is the same one every time. */
function* candidates(): Generator<SizeSample, never> {
  let state = 1;
  const size = () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return 7 + (Math.floor(state / 65536) % 34);
  };
  for (;;) {
    const sample = Array.from({ length: 4 }, size);
    if ([3, 4].every((by) => new Set(sample.map((n) => n % by)).size === by)) yield sample;
  }
}
