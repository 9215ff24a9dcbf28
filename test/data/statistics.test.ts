import { describe, expect, it } from 'vitest';

import { latencyOf, wilsonInterval } from '../../src/data/statistics.js';

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

describe('wilsonInterval', () => {
  it.each([
    [352, 360],
    [5, 10],
    [1, 3],
    [10, 10],
    [0, 10],
  ])('ends where %d right among %d are 1.96 standard deviations off', (right, images) => {
    for (const end of wilsonInterval(right, images)) {
      const deviation = Math.sqrt((end * (1 - end)) / images);
      expect(Math.abs(right / images - end)).toBeCloseTo(1.959964 * deviation, 6);
    }
  });

  it('holds the accuracy, and is narrower for more images', () => {
    const width = ([low, high]: readonly [number, number]) => high - low;
    expect(wilsonInterval(5, 10).map((end) => end.toFixed(4))).toEqual(['0.2366', '0.7634']);
    expect(width(wilsonInterval(500, 1000))).toBeLessThan(width(wilsonInterval(5, 10)) / 5);
  });

  it('says nothing without images', () => {
    expect(wilsonInterval(0, 0)).toEqual([0, 1]);
  });
});
