import sharp from 'sharp';

/**
 * How many pixels a WebP, AVIF or TIFF image claims, read from its header by libvips, off this thread. It takes no memory for pixels.
 *
 * @returns 0 for a header that cannot be read: transcoding will tell what is wrong.
 */
export async function headerPixels(content: Buffer): Promise<number> {
  try {
    const { width, height } = await sharp(content, { limitInputPixels: false }).metadata();
    return width * height;
  } catch {
    return 0;
  }
}
