import sharp from 'sharp';

import type { Heatmap } from '../../client/explain-images.js';
import { readBmpHeader } from '../../data/image-file/bmp-header.js';
import { readExifOrientation, uprightSize } from '../../data/image-file/exif-orientation.js';
import { type ImageFormat, sniffImageFormat } from '../../data/image-file/image-format.js';
import type { ImageSize } from '../../ops/fit-images.js';
import { smallPicture, type StoredPicture } from './small-picture.js';
import { areaSeen, type PictureArea } from './heat-area.js';
import { coverPixel } from './heat-colors.js';

/** A picture in memory: RGB, one byte each. */
export interface RawPicture {
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** Pixels of the longer side of a drawn heat map, at most. */
const longestSide = 1024;

/**
 * Draws a heat map over the picture that it is of.
 *
 * @param bytes The encoded picture, as it was given to the model.
 * @returns A PNG of the upright picture, at most 1,024 pixels wide or high.
 */
export async function heatmapPng(bytes: Uint8Array, heatmap: Heatmap): Promise<Buffer> {
  const file = await storedPicture(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const { pixels, height, width } = await heatedPicture(bytes, file, heatmap, longestSide);
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** Draws a heat map over a smaller copy of its picture. @param side Pixels of the copy's longer side, at most. */
export async function heatedPicture(
  bytes: Uint8Array,
  file: StoredPicture,
  heatmap: Heatmap,
  side: number,
): Promise<RawPicture> {
  const picture = await smallPicture(bytes, file, heatmap.exif, side);
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
  const raw = { pixels: data, height: info.height, width: info.width };
  const [width, height] = heatmap.exif === 'apply' ? uprightSize(file) : [file.width, file.height];
  const area = areaSeen([height, width], [heatmap.height, heatmap.width], heatmap.resize);
  cover(raw, heatmap, { ...area, scale: [height / raw.height, width / raw.width] });
  return raw;
}

async function storedPicture(bytes: Buffer): Promise<StoredPicture> {
  const format = sniffImageFormat(bytes) ?? 'png';
  if (format === 'bmp') return { format, ...readBmpHeader(bytes, bytes.length) };
  const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
  return { format, width, height, orientation: hasExif(format) ? readExifOrientation(bytes, format) : 1 };
}

function hasExif(format: ImageFormat): format is 'jpeg' | 'png' {
  return format === 'jpeg' || format === 'png';
}

/** An area, and how many of its pixels one of a smaller picture stands for, in rows and columns. */
interface ScaledArea extends PictureArea {
  readonly scale: ImageSize;
}

/** Draws the heat over each pixel; pixels that the model does not see stay as they are. */
function cover(
  { pixels, height, width }: RawPicture,
  heatmap: Heatmap,
  { top, left, scale, ...area }: ScaledArea,
): void {
  for (let y = 0; y < height; y += 1) {
    const row = (((y + 0.5) * scale[0] - top) / area.height) * heatmap.height;
    for (let x = 0; x < width; x += 1) {
      const column = (((x + 0.5) * scale[1] - left) / area.width) * heatmap.width;
      coverPixel(pixels, (y * width + x) * 3, heatAt(heatmap, row, column));
    }
  }
}

/** The heat at a point, bilinearly; 0 beyond the map. */
function heatAt({ values, height, width }: Heatmap, row: number, column: number): number {
  if (row < 0 || row > height || column < 0 || column > width) return 0;
  const [y, x] = [clamped(row - 0.5, height), clamped(column - 0.5, width)];
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [bottom, right] = [Math.min(top + 1, height - 1), Math.min(left + 1, width - 1)];
  const along = (line: number) => mixed(values[line * width + left], values[line * width + right], x - left);
  return mixed(along(top), along(bottom), y - top);
}

function clamped(place: number, size: number): number {
  return Math.min(Math.max(place, 0), size - 1);
}

function mixed(a = 0, b = 0, share: number): number {
  return a + (b - a) * share;
}
