import sharp from 'sharp';

import { readImageBytes } from '../image-file/read-image-bytes.js';
import type { ImageFile } from '../image-file/inspect-image-file.js';

/** Brightness of images with 16 bits per sample. */
export interface DeepImages {
  /** Number of images that were inspected: the first few. */
  readonly images: number;
  /** The largest sample, 0 to 65,535. */
  readonly brightest: number;
}

/** Limit below which 12-bit data stays: a sixteenth of a sample's range. */
export const nearlyBlack = 4096;
const lookedAt = 8;

/**
 * Decodes the first few images with 16 bits per sample. Only the upper 8 bits are used, so data of 10 or 12 bits comes out nearly black.
 *
 * @returns null when there are none that decode.
 */
export async function inspectDeepImages(files: readonly ImageFile[], maxPixels: number): Promise<DeepImages | null> {
  const deep = files.filter(({ bitsPerSample }) => bitsPerSample === 16).slice(0, lookedAt);
  const found: number[] = [];
  for (const image of deep) {
    // A training that decodes it reports its problem.
    const stats = await readImageBytes(image)
      .then((bytes) => sharp(bytes, { limitInputPixels: maxPixels }).stats())
      .catch(() => null);
    if (stats) found.push(...stats.channels.slice(0, stats.isOpaque ? undefined : -1).map(({ max }) => max));
  }
  return found.length === 0 ? null : { images: deep.length, brightest: Math.max(...found) };
}
