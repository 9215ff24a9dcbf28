/** How often a function with unknown sizes is traced: two points fix a line, the third can contradict it. */
export const tracesForUnknownSizes = 3;

/** One unknown dimension's size in each trace. */
export type SizeSample = readonly number[];

/**
 * The sizes that unknown dimensions get while a function is traced.
 *
 * They are in general position: none is `a * other + b` or a product of two others over all traces, so that a size met
 * later on the tape has one explanation. Every trace of a function asks in the same order and gets its own column.
 */
export class SampleSizes {
  readonly #given: SizeSample[] = [];
  readonly #named = new Map<string, SizeSample>();
  readonly #candidates = samples();

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
    let sample = this.#candidates.next().value;
    while (!inGeneralPosition([...this.#given, sample])) sample = this.#candidates.next().value;
    this.#given.push(sample);
    return sample;
  }
}

/** Whether no sample is an integer-affine function of another, nor a multiple of the product of two others. */
export function inGeneralPosition(all: readonly SizeSample[]): boolean {
  return all.every((x, i) =>
    all.every((y, j) => i === j || (!isAffine(x, y) && all.every((z) => z === x || z === y || !isMultiple(x, y, z)))),
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

/** Rising triples of primes. Small, because a trace computes; the first is a batch more often than not. */
function* samples(): Generator<SizeSample, never> {
  yield [2, 3, 5];
  yield [13, 19, 29];
  yield [17, 23, 31];
  const rest = primes(37);
  for (;;) yield Array.from({ length: tracesForUnknownSizes }, () => rest.next().value);
}

function* primes(from: number): Generator<number, never> {
  for (let n = from; ; n += 1) {
    let divisor = 2;
    while (divisor * divisor <= n && n % divisor !== 0) divisor += 1;
    if (divisor * divisor > n) yield n;
  }
}
