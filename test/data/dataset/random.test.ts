import { describe, expect, it } from 'vitest';

import { createRandom, deriveSeed, shuffled } from '../../../src/data/dataset/random.js';

describe('createRandom', () => {
  // From a transcription of sfc32 and splitmix32 into Python's integers.
  it.each([
    [0, [0.14008609755579282, 0.1597421609216958, 0.07343565768461913]],
    [1, [0.28930138338998, 0.040704170679433105, 0.7837930482739535]],
    [42, [0.9003170112666635, 0.28611373597860834, 0.8711642025750133]],
    [-1, [0.03367409445234837, 0.6356470747606999, 0.03362751148848553]],
    [2 ** 40 + 7, [0.9921521985705123, 0.9193593069249572, 0.04083389037923002]],
  ])('gives the same numbers forever: seed %d', (seed, numbers) => {
    const random = createRandom(seed);
    expect([random(), random(), random()]).toEqual(numbers);
  });

  it('is uniform', () => {
    const random = createRandom(7);
    const counts = new Array<number>(100).fill(0);
    for (let i = 0; i < 100_000; i++) {
      const bucket = Math.floor(random() * 100);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    const chiSquare = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    // 99 degrees of freedom: the middle 99.9 percent.
    expect(chiSquare).toBeGreaterThan(60);
    expect(chiSquare).toBeLessThan(150);
  });

  it('is another for every seed', () => {
    const seeds = [...Array(1000).keys(), ...Array.from(Array(1000).keys(), (i) => (i + 1) * 2 ** 32)];
    expect(new Set(seeds.map((seed) => createRandom(seed)())).size).toBe(seeds.length);
  });

  it.each([0.5, NaN, Infinity, 2 ** 53])('refuses %d for a seed', (seed) => {
    expect(() => createRandom(seed)).toThrow(`A seed is an integer. Received: ${seed}.`);
    expect(() => deriveSeed(seed, '')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('shuffled', () => {
  it('gives the same order for the same seed, and leaves the list alone', () => {
    const items = Object.freeze([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(shuffled(items, createRandom(42))).toEqual([0, 7, 1, 3, 8, 4, 5, 6, 2, 9]);
  });

  it('makes every order equally likely', () => {
    const random = createRandom(1);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = shuffled(['a', 'b', 'c', 'd'], random).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it('takes short lists', () => {
    expect(shuffled([], createRandom(1))).toEqual([]);
    expect(shuffled(['a'], createRandom(1))).toEqual(['a']);
  });
});

describe('deriveSeed', () => {
  it('gives the same seed for the same use forever', () => {
    expect(deriveSeed(42, 'epoch 3')).toBe(1_692_078_235);
    expect(deriveSeed(0, '')).toBe(864_777_914);
  });

  it('gives another for every use', () => {
    const uses = [1, 2].flatMap((seed) => Array.from(Array(500).keys(), (epoch) => deriveSeed(seed, `epoch ${epoch}`)));
    expect(new Set(uses).size).toBe(1000);
  });
});
