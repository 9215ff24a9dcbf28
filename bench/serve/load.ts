import { type Latency, latencyOf } from '../../src/data/statistics.js';

/** Result of a load; latencies are per request. */
export interface LoadResult extends Latency {
  readonly requestsPerSecond: number;
  readonly requests: number;
  readonly errors: readonly string[];
}

/** A number of clients send requests as fast as they are answered, for a number of seconds. */
export async function load(call: () => Promise<unknown>, clients: number, seconds: number): Promise<LoadResult> {
  const latencies: number[] = [];
  const errors: string[] = [];
  const start = performance.now();
  const end = start + seconds * 1000;
  const client = async () => {
    while (performance.now() < end) {
      const sent = performance.now();
      try {
        await call();
        latencies.push(performance.now() - sent);
      } catch (error) {
        errors.push((error as Error).message);
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const elapsed = (performance.now() - start) / 1000;
  return { requestsPerSecond: latencies.length / elapsed, ...latencyOf(latencies), requests: latencies.length, errors };
}
