/** Latencies in milliseconds, by nearest rank: `p95` is the latency that 95 percent of the requests did not exceed. */
export interface Latency {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** NaN without latencies. */
export function latencyOf(milliseconds: readonly number[]): Latency {
  const sorted = Float64Array.from(milliseconds).sort();
  const rank = (percent: number) => sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? NaN;
  return { p50: rank(50), p95: rank(95), p99: rank(99) };
}
