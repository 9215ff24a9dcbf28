import { describe, expect, it } from 'vitest';

import { equalNumbers } from './equal-numbers.js';

describe('equalNumbers', () => {
  it('says what Vitest would say of lists of numbers', () => {
    expect(equalNumbers([1, NaN], [1, NaN])).toBe(true);
    expect(equalNumbers(Float32Array.of(1, 2), Float32Array.of(1, 2))).toBe(true);
    expect(equalNumbers([0], [-0])).toBe(false);
    expect(equalNumbers(Float32Array.of(1, 2), Float32Array.of(1, 3))).toBe(false);
  });

  it('leaves all else to it', () => {
    expect(equalNumbers([1], Float32Array.of(1))).toBeUndefined();
    expect(equalNumbers([1], [1, 2])).toBeUndefined();
    expect(equalNumbers(['a'], ['a'])).toBeUndefined();
    expect(equalNumbers([1, expect.any(Number)], [1, 2])).toBeUndefined();
    expect(equalNumbers(1, 1)).toBeUndefined();
  });
});
