import sharp, { type Sharp } from 'sharp';

import { isPictureAlone, plainPngHeader } from '../../data/image-file/plain-png-header.js';
import { checkPngChecksums } from '../../data/image-file/read-image-header.js';
import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import type { ExifHandling } from '../../ops/decode-image.js';
import type { Heatmap } from '../../client/explain-images.js';
import { heatedPicture } from '../pictures/draw-heatmap.js';
import { readPicture, smallPicture } from '../pictures/small-picture.js';

/** Pixels of a thumbnail's longer side, at most; twice what a page shows, for sharp screens. */
const longestSide = 256;

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
 * @param side Pixels of its longer side, at most.
 * @returns Null for a file that is no longer what was scanned, or that sharp does not read.
 */
export async function thumbnail(
  file: ImageFile,
  exif: ExifHandling = 'apply',
  side = longestSide,
): Promise<Thumbnail | null> {
  try {
    const bytes = await readPicture(file);
    return asItIs(bytes, file, side) ?? (await encoded(await smallPicture(bytes, file, exif, side), file, side));
  } catch {
    return null;
  }
}

/** Like `thumbnail`, with a heat map drawn over it. */
export async function heatedThumbnail(file: ImageFile, heatmap: Heatmap): Promise<Thumbnail | null> {
  try {
    const { pixels, width, height } = await heatedPicture(await readPicture(file), file, heatmap, longestSide);
    return await encoded(sharp(pixels, { raw: { width, height, channels: 3 } }), file, longestSide);
  } catch {
    return null;
  }
}

/** Bytes up to which a picture is shown as it is: others may hold far more than pixels. */
const fewBytes = 8192;

/** A small plain PNG needs no copy: sharp would take a millisecond to make the same pixels of it. @returns Null for any other file. */
function asItIs(bytes: Buffer, { orientation = 1 }: ImageFile, side: number): Thumbnail | null {
  const header = bytes.length > fewBytes || orientation > 1 ? null : plainPngHeader(bytes);
  if (!header?.isOpaque || header.bitsPerSample || !isShownWhole(header, side) || !isPictureAlone(bytes)) return null;
  checkPngChecksums(bytes);
  return { url: `data:image/png;base64,${bytes.toString('base64')}`, width: header.width, height: header.height };
}

/** Whether a picture is so small that each of its pixels is shown. */
function isShownWhole({ width, height }: Pick<ImageFile, 'width' | 'height'>, side: number): boolean {
  return Math.max(width, height) <= side / 2;
}

async function encoded(picture: Sharp, file: ImageFile, side: number): Promise<Thumbnail> {
  const encoding = isShownWhole(file, side) ? picture.png() : picture.webp({ quality: 80 });
  const { data, info } = await encoding.toBuffer({ resolveWithObject: true });
  const { width, height, format } = info;
  return { url: `data:image/${format};base64,${data.toString('base64')}`, width, height };
}
