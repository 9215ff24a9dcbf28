import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import { readImageBytes } from '../../data/image-file/read-image-bytes.js';
import type { ExifHandling } from '../../ops/decode-image.js';
import { smallPicture } from '../pictures/small-picture.js';
import { blurOf } from './blur.js';

/** Pixels of the sides of the small gray picture by which pictures are compared. */
export const looksSide = 64;

/** What the pixels of an image say, without a network. */
export interface PictureLooks {
  /** The picture in gray, squashed to `looksSide` x `looksSide`, row by row. */
  readonly gray: Uint8Array;
  /** Mean brightness, 0 to 255. */
  readonly brightness: number;
  /** Standard deviation of the brightness: near 0 for one even colour. */
  readonly contrast: number;
  /** How blurred it is, 0 to 1; see `blurOf`. */
  readonly blur: number;
}

/** Pixels of the longer side in which blur is looked for: what is lost below is lost to most networks too. */
const blurSide = 224;

/**
 * Looks at the pixels of an image.
 *
 * @param exif Whether it is turned as its EXIF says.
 * @returns Null for a file that sharp does not read.
 */
export async function pictureLooks(file: ImageFile, exif: ExifHandling = 'apply'): Promise<PictureLooks | null> {
  try {
    const picture = await smallPicture(await readImageBytes(file), file, exif, blurSide);
    const { data, info } = await picture.greyscale().raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    const pixels = channels === 1 ? data : data.filter((_, i) => i % channels === 0);
    const gray = squash(pixels, width, height);
    return { gray, ...statistics(gray), blur: blurOf(pixels, width, height) };
  } catch {
    return null;
  }
}

/** Shrinks or stretches a picture to a square; each pixel of it is the mean of the area that it covers. */
function squash(pixels: Uint8Array, width: number, height: number): Uint8Array {
  const narrow = new Float32Array(looksSide * height);
  const across = shares(width);
  for (let y = 0; y < height; y += 1) {
    for (const [to, from, share] of across) {
      narrow[y * looksSide + to] = (narrow[y * looksSide + to] ?? 0) + share * (pixels[y * width + from] ?? 0);
    }
  }
  const square = new Float32Array(looksSide * looksSide);
  for (const [to, from, share] of shares(height)) {
    for (let x = 0; x < looksSide; x += 1) {
      square[to * looksSide + x] = (square[to * looksSide + x] ?? 0) + share * (narrow[from * looksSide + x] ?? 0);
    }
  }
  return Uint8Array.from(square, Math.round);
}

/** Which pixels of a line fall into each of `looksSide` cells, with their share of it. */
function shares(length: number): [to: number, from: number, share: number][] {
  const cell = length / looksSide;
  return Array.from({ length: looksSide }, (_, to) => {
    const [begin, end] = [to * cell, (to + 1) * cell];
    const first = Math.floor(begin);
    return Array.from({ length: Math.ceil(end) - first }, (_, i): [number, number, number] => {
      const from = Math.min(first + i, length - 1);
      return [to, from, (Math.min(end, first + i + 1) - Math.max(begin, first + i)) / cell];
    });
  }).flat();
}

function statistics(gray: Uint8Array): Pick<PictureLooks, 'brightness' | 'contrast'> {
  let [sum, squares] = [0, 0];
  for (const pixel of gray) {
    sum += pixel;
    squares += pixel * pixel;
  }
  const brightness = sum / gray.length;
  return { brightness, contrast: Math.sqrt(Math.max(0, squares / gray.length - brightness ** 2)) };
}
