import { describe, expect, it } from 'vitest';

import { BestImages } from '../../src/evaluation/best-images.js';

describe('BestImages', () => {
  it('keeps the three surest of each class, class by class', () => {
    const best = new BestImages<string>(2);
    for (const [image, label, probability] of [['a', 1, 0.6], ['b', 0, 0.5], ['c', 1, 0.9], ['d', 1, 0.7], ['e', 1, 0.65]] as const) best.add(image, label, probability); // prettier-ignore
    expect(best.images.map(({ image }) => image)).toEqual(['b', 'c', 'd', 'e']);
  });

  it('keeps 48 at most: fewer of each class, and none of the classes after the 48th', () => {
    for (const [classes, kept] of [
      [20, 40],
      [48, 48],
      [1000, 48],
    ] as const) {
      const best = new BestImages<number>(classes);
      for (let i = 0; i < 5000; i += 1) best.add(i, i % classes, 1 / (i + 1));
      expect(best.images).toHaveLength(kept);
    }
  });
});
