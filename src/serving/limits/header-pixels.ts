import sharp from 'sharp';

/**
 * Reads from its header how many pixels a WebP, AVIF or TIFF image claims, with libvips and in another thread. Allocates no memory for pixels.
 *
 * @returns 0 for a header that cannot be read: transcoding will report what is wrong.
 */
export async function headerPixels(content: Buffer): Promise<number> {
  try {
    const { width, height } = await sharp(content, { limitInputPixels: false }).metadata();
    return width * height;
  } catch {
    return 0;
  }
}
