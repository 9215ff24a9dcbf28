import sharp from 'sharp';

import { SignetError } from '../../errors.js';
import { defaultImageLimits, type ImageLimits, mebibytes, megapixels } from './image-limits.js';

/**
 * Turns a WebP, AVIF or TIFF image into PNG, which TensorFlow can decode, without touching the disk.
 *
 * As TensorFlow treats a PNG, so are these treated: the first frame, stored pixels whatever the EXIF orientation says,
 * numbers as they are whatever the colour profile says. RGB and RGBA of 8 bits keep every bit; gray becomes RGB of the same
 * brightness, CMYK and more than 8 bits become 8-bit RGB.
 *
 * @param bytes The whole file.
 * @throws SignetError `BAD_IMAGE` for an image that is corrupt or larger than the limits.
 */
export async function transcodeImage(bytes: Uint8Array, limits: ImageLimits = {}): Promise<Buffer> {
  const { maxFileBytes, maxPixels } = { ...defaultImageLimits, ...limits };
  if (bytes.length > maxFileBytes) {
    throw new SignetError(
      'BAD_IMAGE',
      `The image has more than ${mebibytes(maxFileBytes)} (maxFileBytes): it cannot be transcoded to PNG.`,
    );
  }
  try {
    // Hardly compressed: it is read once, from memory.
    return await sharp(bytes, { limitInputPixels: maxPixels, ignoreIcc: true }).png({ compressionLevel: 1 }).toBuffer();
  } catch (error) {
    // sharp's own words, as libvips's may be about an image that is transcoded side by side with this one.
    const isTooLarge = error instanceof Error && error.message.includes('exceeds pixel limit');
    const reason = isTooLarge ? `has more than ${megapixels(maxPixels)} (maxPixels)` : 'is corrupt';
    throw new SignetError('BAD_IMAGE', `The image ${reason}: it cannot be transcoded to PNG.`, { cause: error });
  }
}
