import { describe, expect, it } from 'vitest';

import type { ImageFile } from '../../../src/data/image-file/inspect-image-file.js';
import { EmbeddingSample, isMistaken } from '../../../src/evaluation/embedding-map/embedding-sample.js';

const file = (image: number): ImageFile => ({
  ...{ path: `${image}.png`, label: 0, format: 'png' },
  ...{ width: 8, height: 8, sizeBytes: 1 },
});
const answered = (image: number) => ({ image, labels: [0], predicted: [1] });

describe('EmbeddingSample', () => {
  it('keeps the vectors of all images where there are few, without those that are not finite or whose file is gone', () => {
    const sample = new EmbeddingSample<number>(4, 2);
    const vectors = Float32Array.of(0, 1, NaN, 3, 4, 5, 6, 7);
    for (let i = 0; i < 4; i += 1) sample.add(answered(i), vectors, i);
    const kept = sample.embeddings((image) => (image === 2 ? undefined : file(image)));
    expect(kept?.images.map(({ image }) => image.path)).toEqual(['0.png', '3.png']);
    expect(kept?.vectors).toEqual(Float32Array.of(0, 1, 6, 7));
    expect(kept?.evaluated).toBe(4);
  });

  it('chooses a thousand of many evenly, and fewer where embeddings are large', () => {
    const chosen = (total: number, features: number) => {
      const sample = new EmbeddingSample<number>(total, features);
      const vector = new Float32Array(features);
      for (let i = 0; i < total; i += 1) sample.add(answered(i), vector, 0);
      return sample.embeddings(file)?.images.map(({ image }) => Number.parseInt(image.path)) ?? null;
    };
    const some = chosen(2500, 1) ?? [];
    expect(some).toHaveLength(1000);
    expect(new Set(some.slice(1).map((image, i) => image - (some[i] ?? NaN)))).toEqual(new Set([2, 3]));
    expect(chosen(300, 2 ** 23)).toHaveLength(2);
    expect(chosen(1, 2 ** 25)).toBeNull();
  });

  it('is null for a network without embeddings', () => {
    const sample = new EmbeddingSample<number>(1, null);
    sample.add(answered(0), new Float32Array(), 0);
    expect(sample.embeddings(file)).toBeNull();
  });

  it('calls an image mistaken that has other classes than it was taken for', () => {
    expect(isMistaken({ labels: [1], predicted: [1] })).toBe(false);
    expect(isMistaken({ labels: [0, 2], predicted: [0, 2] })).toBe(false);
    expect(isMistaken({ labels: [0, 2], predicted: [0, 1] })).toBe(true);
    expect(isMistaken({ labels: [0], predicted: [] })).toBe(true);
    expect(isMistaken({ labels: [], predicted: [] })).toBe(false);
  });
});
