import sharp from 'sharp';

import { mulberry32 } from './mulberry32.js';

/** A unique picture as PNG: some rectangles in random grays. The same seed gives the same picture. */
export function randomPicture(seed: number, width = 96, height = 80): Promise<Buffer> {
  const random = mulberry32(seed);
  const pixels = new Uint8Array(width * height).fill(128);
  for (let i = 0; i < 25; i += 1) {
    const [left, top] = [Math.floor(random() * width), Math.floor(random() * height)];
    const [right, bottom] = [left + 4 + random() * 25, top + 4 + random() * 25];
    const gray = Math.floor(random() * 256);
    for (let y = top; y < Math.min(bottom, height); y += 1)
      for (let x = left; x < Math.min(right, width); x += 1) pixels[y * width + x] = gray;
  }
  return sharp(pixels, { raw: { width, height, channels: 1 } })
    .toColourspace('srgb')
    .png()
    .toBuffer();
}
