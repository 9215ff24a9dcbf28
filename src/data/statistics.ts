/** Returns the middle value; for an even number of values, the upper of the two. NaN without values. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/** Latencies in milliseconds, by nearest rank: `p95` is the latency that 95 percent of the requests did not exceed. */
export interface Latency {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Returns the percentiles of latencies; NaN without any. */
export function latencyOf(milliseconds: readonly number[]): Latency {
  const sorted = Float64Array.from(milliseconds).sort();
  const rank = (percent: number) => sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? NaN;
  return { p50: rank(50), p95: rank(95), p99: rank(99) };
}

/** Quantile of 97.5 % of the normal distribution: 95 % of the values are between its negative and itself. */
const z = 1.959964;

/**
 * Returns the 95 % confidence interval of the accuracy on all images of a kind, after `right` of `images` were right.
 *
 * Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference" (1927), which stays within 0 and 1, and is meaningful for
 * few images and for an accuracy of 1 too.
 *
 * @returns 0 and 1 without images.
 */
export function wilsonInterval(right: number, images: number): readonly [low: number, high: number] {
  if (images === 0) return [0, 1];
  const part = right / images;
  const scale = 1 + z ** 2 / images;
  const middle = (part + z ** 2 / (2 * images)) / scale;
  const reach = (z / scale) * Math.sqrt((part * (1 - part)) / images + z ** 2 / (4 * images ** 2));
  return [Math.max(0, middle - reach), Math.min(1, middle + reach)];
}
