/** A bucket of a histogram: from `left` to `right`, with the number of values. */
export type Bucket = readonly [left: number, right: number, count: number];

/**
 * Counts values in buckets of equal width between the smallest and the largest. Values that are not finite numbers are left out.
 *
 * Where all values are equal, all of them are in the last bucket, which is 1 wide around them, as `tf.summary.histogram` writes it.
 *
 * Source: `histogram` in tensorboard/plugins/histogram/summary_v2.py.
 */
export function histogram(values: Iterable<number>, buckets = 30): Bucket[] {
  const [min, max] = finiteRange(values);
  if (min > max) return new Array<Bucket>(buckets).fill([0, 0, 0]);
  const single = min === max;
  const left = single ? min - 0.5 : min;
  const width = single ? 1 : (max - min) / buckets;
  const counts = new Array<number>(buckets).fill(0);
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    const bucket = single ? buckets - 1 : Math.min(Math.floor((value - min) / width), buckets - 1);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  if (single) return counts.map((count): Bucket => [left, left + 1, count]);
  return counts.map((count, i): Bucket => [min + i * width, i === buckets - 1 ? max : min + (i + 1) * width, count]);
}

function finiteRange(values: Iterable<number>): [min: number, max: number] {
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return [min, max];
}
