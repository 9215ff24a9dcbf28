import type { DecodeSize } from './decode-image.js';
import type { ImageSize } from './fit-images.js';

/** Pixels that the shorter side of a JPEG keeps when it is decoded for a model with images of a size; undefined for all. */
export function leastSideFor([height, width]: ImageSize, decode: DecodeSize | undefined): number | undefined {
  return decode === 'reduced' ? 2 * Math.max(height, width) : undefined;
}
