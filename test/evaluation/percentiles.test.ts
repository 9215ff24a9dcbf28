import { describe, expect, it } from 'vitest';

import { latencyOf } from '../../src/evaluation/percentiles.js';

const upTo = (count: number) => Array.from({ length: count }, (_, i) => count - i);

describe('latencyOf', () => {
  it.each([
    [upTo(100), { p50: 50, p95: 95, p99: 99 }],
    [upTo(200), { p50: 100, p95: 190, p99: 198 }],
    [upTo(10), { p50: 5, p95: 10, p99: 10 }],
    // Numbers, not text: 9 comes before 10.
    [[10, 9], { p50: 9, p95: 10, p99: 10 }],
    [[7], { p50: 7, p95: 7, p99: 7 }],
    [[], { p50: NaN, p95: NaN, p99: NaN }],
  ])('takes the nearest rank of %j', (latencies, expected) => {
    expect(latencyOf(latencies)).toEqual(expected);
  });
});
