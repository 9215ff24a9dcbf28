import { markup, type Markup } from './markup.js';
import type { Thumbnail } from './thumbnail.js';

/** Up to this many pixels wide or high, single pixels are shown. */
const smallImage = 64;

/**
 * A thumbnail on a page.
 *
 * @param thumbnail Null where there is no picture, which the page then says.
 * @param alternative Words for those who cannot see it.
 */
export function thumbnailPicture(thumbnail: Thumbnail | null, alternative: string): Markup {
  if (!thumbnail) return markup`<div class="nothing">no picture</div>`;
  const { url, width, height } = thumbnail;
  const pixels = Math.max(width, height) <= smallImage && markup` class="pixels"`;
  return markup`<img src="${url}" width="${width}" height="${height}" alt="${alternative}"${pixels}>`;
}
