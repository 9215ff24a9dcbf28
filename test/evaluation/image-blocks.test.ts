import { describe, expect, it } from 'vitest';

import type { ImageFile } from '../../src/data/image-file/inspect-image-file.js';
import { imageBlocks } from '../../src/evaluation/image-blocks.js';

const image = (width: number, height: number): ImageFile => ({
  path: 'x',
  label: 0,
  format: 'png',
  sizeBytes: 1,
  width,
  height,
});
const sizes = (...args: Parameters<typeof imageBlocks>) => Array.from(imageBlocks(...args), (block) => block.length);

describe('imageBlocks', () => {
  it('is bounded by the number of images', () => {
    expect(sizes(Array<ImageFile>(7).fill(image(8, 8)), 3)).toEqual([3, 3, 1]);
    expect(sizes([], 3)).toEqual([]);
  });

  it('is bounded by their pixels, but for a single image', () => {
    const large = image(4000, 3000);
    expect(sizes([large, large, image(8, 8), image(9000, 9000), image(8, 8)], 100)).toEqual([1, 2, 1, 1]);
    expect(sizes([large, large, large], 100, [28, 28])).toEqual([3]);
  });
});
