import sharp, { type Sharp } from 'sharp';

import { SignetError } from '../../errors.js';
import { defaultImageLimits, type ImageLimits, mebibytes, megapixels } from './image-limits.js';
import { hasSamples, unreadableTiffSamples } from './tiff-samples.js';

/**
 * Turns a WebP, AVIF or TIFF image into PNG, which TensorFlow can decode, without touching the disk.
 *
 * They are treated as TensorFlow treats a PNG: the first frame, pixels as stored, and values unchanged whatever the colour profile says. An EXIF
 * orientation is kept, and the code that decodes the PNG decides whether to apply it. RGB and RGBA of 8 bits keep every bit; gray becomes RGB of the
 * same brightness, CMYK and more than 8 bits become 8-bit RGB. Floats from 0 to 1 become 0 to 255; those from 0 to 255 do not change.
 *
 * @param bytes The whole file.
 * @throws SignetError `BAD_IMAGE` for an image that is corrupt or larger than the limits, or has samples of a type
 * that cannot be read, or floats beyond 0 to 255.
 */
export async function transcodeImage(bytes: Uint8Array, limits: ImageLimits = {}): Promise<Buffer> {
  const { maxFileBytes, maxPixels } = { ...defaultImageLimits, ...limits };
  if (bytes.length > maxFileBytes) {
    throw new SignetError(
      'BAD_IMAGE',
      `The image has more than ${mebibytes(maxFileBytes)} (maxFileBytes): it cannot be transcoded to PNG.`,
    );
  }
  const samples = unreadableTiffSamples(bytes);
  if (samples !== null) {
    throw new SignetError(
      'BAD_IMAGE',
      `The image ${hasSamples(samples)}: it cannot be transcoded to PNG. Save it as PNG.`,
    );
  }
  const options = { limitInputPixels: maxPixels, ignoreIcc: true };
  try {
    const { depth, space, orientation = 1 } = await sharp(bytes, options).metadata();
    const image = depth === 'float' ? await fromFloats(bytes, space, options) : sharp(bytes, options);
    if (orientation > 1) image.withExif({ IFD0: { Orientation: String(orientation) } });
    // Hardly compressed, since it is read only once, from memory.
    return await image.png({ compressionLevel: 1 }).toBuffer();
  } catch (error) {
    if (error instanceof SignetError) throw error;
    // Only sharp's own message counts: libvips's may be about an image that is transcoded at the same time.
    const isTooLarge = error instanceof Error && error.message.includes('exceeds pixel limit');
    const reason = isTooLarge ? `has more than ${megapixels(maxPixels)} (maxPixels)` : 'is corrupt';
    throw new SignetError('BAD_IMAGE', `The image ${reason}: it cannot be transcoded to PNG.`, { cause: error });
  }
}

async function fromFloats(
  bytes: Uint8Array,
  space: string,
  { limitInputPixels, ...options }: { readonly limitInputPixels: number; readonly ignoreIcc: boolean },
): Promise<Sharp> {
  // A float takes four bytes, so that an image may have a quarter of the pixels.
  const { data, info } = await sharp(bytes, { ...options, limitInputPixels: Math.ceil(limitInputPixels / 4) })
    // In the image's own colour space: sharp treats floats of three channels as linear light, and would make the colours brighter.
    .pipelineColourspace(space)
    .toColourspace(space)
    .raw({ depth: 'float' })
    .toBuffer({ resolveWithObject: true });
  const values = new Float32Array(data.buffer, data.byteOffset, data.length / 4);
  const scale = floatScale(values);
  const { width, height, channels } = info;
  return sharp(
    Uint8Array.from(values, (value) => Math.round(value * scale)),
    { raw: { width, height, channels } },
  );
}

/** @throws SignetError `BAD_IMAGE` for values that are not brightness from 0 to 1 or from 0 to 255. */
function floatScale(values: Float32Array): 1 | 255 {
  let [least, most] = [Infinity, -Infinity];
  let isFinite = true;
  for (const value of values) {
    isFinite &&= Number.isFinite(value);
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (isFinite && least >= 0 && most <= 255) return most <= 1 ? 255 : 1;
  const range = isFinite ? `from ${least} to ${most}` : 'that are not finite';
  throw new SignetError(
    'BAD_IMAGE',
    `The image has floats ${range}. Expected: brightness from 0 to 1, or from 0 to 255. Scale them, and save it as PNG.`,
  );
}
