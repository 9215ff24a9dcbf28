import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import sharp from 'sharp';

import { mulberry32 } from './mulberry32.js';

/** Images with or without squares, and what each contains. */
export interface ColoredSquares {
  /** Path of a list with a column for each class. */
  readonly list: string;
  /** Which classes each image has, in the order of the list. */
  readonly truth: readonly (readonly boolean[])[];
  readonly paths: readonly string[];
}

export const squareColors = { blue: [40, 60, 250], green: [30, 240, 60], red: [250, 40, 30] } as const;
const size = 16;

/** Writes images of 16 x 16 pixels with any number of squares in three colors at random places, and the list of what they contain. */
export async function coloredSquares(
  folder: string,
  name: string,
  images: number,
  seed: number,
): Promise<ColoredSquares> {
  const random = mulberry32(seed);
  const colors = Object.values(squareColors);
  mkdirSync(path.join(folder, name), { recursive: true });
  // Blue is rare.
  const truth = Array.from({ length: images }, () => colors.map((_, i) => random() < (i === 0 ? 0.25 : 0.5)));
  const names = truth.map((_, i) => `${name}/${String(i).padStart(3, '0')}.png`);
  for (const [i, present] of truth.entries()) {
    const pixels = Buffer.from(Array.from({ length: size * size * 3 }, () => Math.floor(random() * 60)));
    present.forEach((isThere, k) => isThere && drawSquare(pixels, colors[k] ?? [0, 0, 0], random, k));
    const file = path.join(folder, names[i] ?? '');
    await sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
      .png()
      .toFile(file);
  }
  const rows = truth.map((present, i) => [names[i], ...present.map(Number)].join(','));
  const list = path.join(folder, `${name}.csv`);
  writeFileSync(list, `${[['path', ...Object.keys(squareColors)].join(','), ...rows].join('\n')}\n`);
  return { list, truth, paths: names.map((file) => path.join(folder, file)) };
}

/** Each color has its own third of the width, so that none hides another. */
function drawSquare(pixels: Buffer, color: readonly number[], random: () => number, third: number): void {
  const top = Math.floor(random() * (size - 5));
  for (let y = top; y < top + 5; y += 1) {
    for (let x = third * 5; x < third * 5 + 5; x += 1) pixels.set(color, (y * size + x) * 3);
  }
}
