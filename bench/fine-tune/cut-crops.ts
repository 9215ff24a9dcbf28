import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import sharp, { type Region } from 'sharp';

import { createRandom, deriveSeed, shuffled } from '../../src/data/dataset/random.js';
import type { Photograph } from './photographs.js';

/** How photographs are cut. */
export interface CropOptions {
  /** Width and height of a crop in pixels. */
  readonly size: number;
  /** Crops per photograph for training, including those for validation. */
  readonly train: number;
  /** Crops per photograph for the test. */
  readonly test: number;
  readonly seed: number;
}

/**
 * Where crops are taken from, as fractions of a photograph's width: the left side for training, the right side for the test, and an unused strip
 * between them. Within its side a crop is a tile of a grid: no two crops share a pixel, so training, validation and test have none in common.
 */
export const sides = { train: [0, 0.6], test: [0.64, 1] } as const;

/** Cuts photographs into class-named folders `train` and `test`, lossless. */
export async function cutCrops(
  photographs: readonly Photograph[],
  folder: string,
  options: CropOptions,
): Promise<void> {
  for (const { name, file } of photographs) {
    const { width, height } = await sharp(file).metadata();
    for (const side of ['train', 'test'] as const) {
      const random = createRandom(deriveSeed(options.seed, `${side} ${name}`));
      const [from, to] = sides[side].map((part) => Math.round(part * width)) as [number, number];
      const tiles = shuffled(tilesOf(from, to, height, options.size), random).slice(0, options[side]);
      if (tiles.length < options[side]) throw new Error(`${name} has only ${tiles.length} tiles to ${side}`);
      await mkdir(path.join(folder, side, name), { recursive: true });
      for (const [i, tile] of tiles.entries()) {
        const crop = sharp(file).extract(tile).toColourspace('srgb').removeAlpha();
        await crop.png().toFile(path.join(folder, side, name, `${String(i).padStart(3, '0')}.png`));
      }
    }
  }
}

function tilesOf(from: number, to: number, height: number, size: number): Region[] {
  const [columns, rows] = [Math.floor((to - from) / size), Math.floor(height / size)];
  return Array.from({ length: columns * rows }, (_, i) => ({
    left: from + (i % columns) * size,
    top: Math.floor(i / columns) * size,
    width: size,
    height: size,
  }));
}
