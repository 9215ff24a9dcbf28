import sharp from 'sharp';

import { readImageBytes } from '../image-file/read-image-bytes.js';
import type { ImageFile } from '../image-file/inspect-image-file.js';

/** How bright images of 16 bits a sample are. */
export interface DeepImages {
  /** Images that were looked at: the first few. */
  readonly images: number;
  /** The largest sample, 0 to 65,535. */
  readonly brightest: number;
}

/** Data of 12 bits stays below: a sixteenth of what a sample may be. */
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
    // The training that decodes it reports what is wrong with it.
    const stats = await readImageBytes(image)
      .then((bytes) => sharp(bytes, { limitInputPixels: maxPixels }).stats())
      .catch(() => null);
    if (stats) found.push(...stats.channels.slice(0, stats.isOpaque ? undefined : -1).map(({ max }) => max));
  }
  return found.length === 0 ? null : { images: deep.length, brightest: Math.max(...found) };
}
