import sharp, { type Sharp } from 'sharp';

import type { StoredSize } from '../../data/image-file/exif-orientation.js';
import { type ImageFormat, sniffImageFormat } from '../../data/image-file/image-format.js';
import { defaultImageLimits } from '../../data/image-file/image-limits.js';
import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import { readImageBytes } from '../../data/image-file/read-image-bytes.js';
import type { ExifHandling } from '../../ops/decode-image.js';

/** The largest BMP that is shown, in pixels: all of it is decoded, which takes 12 bytes per pixel. */
const mostBmpPixels = 16_000_000;

/** What is known of an encoded picture before it is decoded. */
export interface StoredPicture extends StoredSize {
  readonly format: ImageFormat;
}

/** Reads the encoded picture of an image of a dataset. @throws Error for a file that is no longer what was scanned. */
export async function readPicture(file: ImageFile): Promise<Buffer> {
  const bytes = await readImageBytes(file);
  if (sniffImageFormat(bytes) === file.format) return bytes;
  throw new Error('no longer what was scanned');
}

/**
 * A small copy of a picture as a model sees it: whatever its colour profile says, without transparency, the first frame.
 *
 * @param side Pixels of the copy's longer side, at most; a picture that is smaller stays as it is.
 * @throws Error for a file that sharp does not read.
 */
export async function smallPicture(
  bytes: Uint8Array,
  file: StoredPicture,
  exif: ExifHandling,
  side: number,
): Promise<Sharp> {
  const picture = (await open(bytes, file)).removeAlpha().toColourspace('srgb');
  const small = picture.resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true });
  return exif === 'apply' ? upright(small, file) : small;
}

/** Turned by the orientation that the scan read, as the graph reads it: sharp may read another in damaged EXIF. */
function upright(picture: Sharp, { orientation = 1 }: StoredPicture): Sharp {
  const [isMirrored, angle] = turns[orientation] ?? [false, 0];
  return (isMirrored ? picture.flop() : picture).rotate(angle);
}

/** How a picture is turned by its EXIF orientation: mirrored from left to right first, then by some degrees clockwise. sharp keeps this order. */
const turns: Readonly<Record<number, readonly [isMirrored: boolean, angle: number]>> = {
  2: [true, 0],
  3: [false, 180],
  4: [true, 180],
  5: [true, 270],
  6: [false, 90],
  7: [true, 90],
  8: [false, 270],
};

async function open(bytes: Uint8Array, { format, width, height }: StoredPicture): Promise<Sharp> {
  if (format !== 'bmp') {
    return sharp(bytes, { limitInputPixels: defaultImageLimits.maxPixels, ignoreIcc: true, failOn: 'none' });
  }
  if (width * height > mostBmpPixels) throw new Error('too large');
  // sharp reads no BMP, and TensorFlow is loaded for it only here: a server's main thread does without.
  const [{ decodeBmp }, { stringScalar }, tf] = await Promise.all([
    import('../../ops/decode-image.js'),
    import('../../ops/strings.js'),
    import('../../tensorflow/tf.js'),
  ]);
  const pixels = tf.tidy(() => decodeBmp(stringScalar(bytes)));
  try {
    return sharp(Uint8Array.from(await pixels.data()), { raw: { width, height, channels: 3 } });
  } finally {
    pixels.dispose();
  }
}
