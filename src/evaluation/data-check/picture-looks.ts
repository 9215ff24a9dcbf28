import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import type { ExifHandling } from '../../ops/decode-image.js';
import { readPicture, smallPicture } from '../pictures/small-picture.js';
import { blurOf } from './blur.js';
import { type GrayPicture, resizedByArea } from './shrink-picture.js';

/** Side of the small gray picture that is used to compare pictures, in pixels. */
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
    const picture = await grayPicture(file, exif);
    const { pixels, width, height } = shrunkTo(picture, blurSide);
    const { pixels: gray } = resizedByArea({ pixels, width, height }, looksSide, looksSide);
    return { gray, ...statistics(gray), blur: blurOf(pixels, width, height) };
  } catch {
    return null;
  }
}

/**
 * Decodes an image at no more than twice the size that is needed, and makes it gray. It is shrunk to that size here: for small pictures sharp takes
 * longer for gray, and for shrinking, than for decoding them.
 */
async function grayPicture(file: ImageFile, exif: ExifHandling): Promise<GrayPicture> {
  const picture = await smallPicture(await readPicture(file), file, exif, 2 * blurSide);
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return { pixels: channels < 3 ? everyNth(data, channels) : grayOf(data, channels), width, height };
}

function everyNth(values: Uint8Array, step: number): Uint8Array {
  return step === 1 ? values : values.filter((_, i) => i % step === 0);
}

/** Brightness of pixels, as in JPEG: the weights of ITU-R BT.601. */
function grayOf(values: Uint8Array, channels: number): Uint8Array {
  const gray = new Uint8Array(values.length / channels);
  for (let i = 0, at = 0; i < gray.length; i += 1, at += channels) {
    // In 65,536ths: whole numbers are quicker here than fractions.
    gray[i] = (19595 * (values[at] ?? 0) + 38470 * (values[at + 1] ?? 0) + 7471 * (values[at + 2] ?? 0) + 32768) >> 16;
  }
  return gray;
}

/** @param side Pixels of the longer side, at most. */
function shrunkTo(picture: GrayPicture, side: number): GrayPicture {
  const { width, height } = picture;
  const scale = Math.min(1, side / Math.max(width, height));
  const scaled = (length: number) => Math.max(1, Math.round(length * scale));
  return resizedByArea(picture, scaled(width), scaled(height));
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
