import { describe, expect, it } from 'vitest';

import { differenceInterval, mcNemarTest } from '../../../src/evaluation/comparison/paired-difference.js';

describe('mcNemarTest', () => {
  it.each([
    // 2 (1 + 12 + 66) / 4096
    [10, 2, 158 / 4096],
    [2, 10, 158 / 4096],
    [6, 0, 2 / 64],
    [5, 5, 1],
    [0, 0, 1],
  ])('of %i better and %i worse', (better, worse, expected) => {
    expect(mcNemarTest(better, worse)).toBeCloseTo(expected, 12);
  });

  it('takes numbers whose powers of two no float holds', () => {
    expect(mcNemarTest(1_000_000, 1_000_000)).toBe(1);
    // The normal distribution at (1002000 - 998000) / sqrt(2000000) deviations, corrected for continuity: 3999 / sqrt(2000000).
    expect(mcNemarTest(1_002_000, 998_000)).toBeCloseTo(0.00469, 4);
  });
});

describe('differenceInterval', () => {
  it('is the one of a textbook', () => {
    // Agresti, Categorical Data Analysis (2nd edition, 10.1.1): approval of a prime minister in two surveys of 1600 people, -0.04 with (-0.06, -0.02).
    const [low, high] = differenceInterval(86, 150, 1600);
    expect(low).toBeCloseTo(-0.0587, 4);
    expect(high).toBeCloseTo(-0.0212, 4);
  });

  it('has a width where nothing differs', () => {
    const [low, high] = differenceInterval(0, 0, 100);
    expect(low).toBeLessThan(0);
    expect(high).toBeCloseTo(-low, 12);
  });
});
