import sharp from 'sharp';

import type { Markup } from './markup.js';

/** Pixels of the PNG for each of the picture's, so that text is sharp. */
const pixelRatio = 2;
/** Resolution at which a pixel of an SVG is drawn as one pixel. */
const dotsPerInch = 72;

/** A picture as PNG, twice as large. More effort would take three times as long for files that are a third smaller. */
export async function rasterize(picture: Markup): Promise<Buffer> {
  return sharp(Buffer.from(String(picture)), { density: dotsPerInch * pixelRatio })
    .png({ compressionLevel: 6, palette: true, effort: 1 })
    .toBuffer();
}

/**
 * Whether this machine has fonts to draw text with. Without, as in a slim container, each character becomes the same box.
 */
export async function hasFonts(): Promise<boolean> {
  const drawn = (text: string) =>
    sharp({ text: { text, dpi: 72 } })
      .raw()
      .toBuffer();
  const [narrow, wide] = await Promise.all([drawn('i'), drawn('W')]);
  return !narrow.equals(wide);
}
