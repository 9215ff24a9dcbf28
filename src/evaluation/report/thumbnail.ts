import { readFile } from 'node:fs/promises';

import sharp, { type Sharp } from 'sharp';

import { sniffImageFormat } from '../../data/image-file/image-format.js';
import { defaultImageLimits } from '../../data/image-file/image-limits.js';
import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import { decodeBmp, type ExifHandling } from '../../ops/decode-image.js';
import { stringScalar } from '../../ops/strings.js';
import * as tf from '../../tensorflow/tf.js';

/** Pixels of a thumbnail's longer side, at most; twice what a page shows, for sharp screens. */
const longestSide = 256;
/** Pixels of a BMP at most: it is decoded whole, 12 bytes a pixel. */
const mostBmpPixels = 16_000_000;

/** A small picture of an image, for a page. */
export interface Thumbnail {
  /** The picture itself: `data:image/webp;base64,...`. */
  readonly url: string;
  readonly width: number;
  readonly height: number;
}

/**
 * A small picture of an image of a dataset as the model sees it: whatever its colour profile says, without transparency, the first frame. Images
 * that are small keep every pixel.
 *
 * @param exif Whether it is turned as its EXIF says.
 * @returns Null for a file that is no longer what was scanned, or that sharp does not read.
 */
export async function thumbnail(file: ImageFile, exif: ExifHandling = 'apply'): Promise<Thumbnail | null> {
  try {
    const bytes = await readFile(file.path);
    if (sniffImageFormat(bytes) !== file.format) return null;
    const picture = (await open(bytes, file)).removeAlpha().toColourspace('srgb');
    const small = picture.resize({ width: longestSide, height: longestSide, fit: 'inside', withoutEnlargement: true });
    const isWhole = Math.max(file.width, file.height) <= longestSide / 2;
    const turned = exif === 'apply' ? upright(small, file) : small;
    const { data, info } = await (isWhole ? turned.png() : turned.webp({ quality: 80 })).toBuffer({
      resolveWithObject: true,
    });
    const { width, height, format } = info;
    return { url: `data:image/${format};base64,${data.toString('base64')}`, width, height };
  } catch {
    return null;
  }
}

/** Turned by the orientation that the scan read, as the graph reads it: sharp may read another in damaged EXIF. */
function upright(picture: Sharp, { orientation = 1 }: ImageFile): Sharp {
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

async function open(bytes: Buffer, { format, width, height }: ImageFile): Promise<Sharp> {
  if (format !== 'bmp') {
    return sharp(bytes, { limitInputPixels: defaultImageLimits.maxPixels, ignoreIcc: true, failOn: 'none' });
  }
  if (width * height > mostBmpPixels) throw new Error('too large');
  // sharp reads no BMP.
  const pixels = tf.tidy(() => decodeBmp(stringScalar(bytes)));
  try {
    return sharp(Uint8Array.from(await pixels.data()), { raw: { width, height, channels: 3 } });
  } finally {
    pixels.dispose();
  }
}
