import { looksSide } from './picture-looks.js';

/** Pixels of the sides of a rough picture. */
export const roughSide = looksSide / 2;

/**
 * The detail of a picture: what distinguishes it from others of the same kind of thing. Both are differences of two means around each pixel, with a
 * mean of 0 and a length of 1, so that a product of two is their correlation; brightness and contrast do not change them. All 0 for a
 * picture of one colour.
 */
export interface PictureDetail {
  /** The picture itself, [looksSide, looksSide], 0 to 255. */
  readonly gray: Float32Array;
  /** [looksSide, looksSide] */
  readonly fine: Float32Array;
  /** Detail at half that size, [roughSide, roughSide]: it still agrees when a picture has been moved by a pixel or two. */
  readonly rough: Float32Array;
}

/** @param gray [looksSide, looksSide] */
export function detailOf(gray: Uint8Array): PictureDetail {
  const pixels = new Float32Array(gray);
  return { gray: pixels, fine: detailAt(pixels), rough: detailAt(halved(pixels)) };
}

/** The rough detail alone. @param gray [looksSide, looksSide] */
export function roughDetailOf(gray: Uint8Array): Float32Array {
  return detailAt(halved(gray));
}

/** The detail of the picture mirrored from left to right. */
export function mirroredDetail({ gray, fine, rough }: PictureDetail): PictureDetail {
  return { gray: mirrored(gray), fine: mirrored(fine), rough: mirrored(rough) };
}

/** Pixels around each in whose mean the noise of a JPEG is lost. */
const near = 1;
/** Pixels around each in whose mean only what pictures of one kind share is left, such as a shape on white. */
const far = 4;

/** The difference of two means, normalized. */
export function detailAt(pixels: Float32Array): Float32Array {
  const [sharp, smooth] = [meansOf(pixels, near), meansOf(pixels, far)];
  for (let i = 0; i < sharp.length; i += 1) sharp[i] = (sharp[i] ?? 0) - (smooth[i] ?? 0);
  return normalized(sharp);
}

/**
 * Gives values a mean of 0 and a length of 1, in place.
 *
 * @param leastVariance Variance below which they become 0. Default: that of gray levels which differ by rounding.
 */
export function normalized(values: Float32Array, leastVariance = 0.01): Float32Array {
  let [sum, squares] = [0, 0];
  for (const value of values) sum += value;
  const mean = sum / values.length;
  for (const value of values) squares += (value - mean) ** 2;
  const scale = squares < leastVariance * values.length ? 0 : 1 / Math.sqrt(squares);
  for (let i = 0; i < values.length; i += 1) values[i] = ((values[i] ?? 0) - mean) * scale;
  return values;
}

function halved(pixels: Float32Array | Uint8Array): Float32Array {
  const half = new Float32Array(roughSide * roughSide);
  for (let row = 0; row < roughSide; row += 1) {
    for (let column = 0; column < roughSide; column += 1) {
      const at = 2 * row * looksSide + 2 * column;
      const [upper, lower] = [(pixels[at] ?? 0) + (pixels[at + 1] ?? 0), (pixels[at + looksSide] ?? 0) + (pixels[at + looksSide + 1] ?? 0)]; // prettier-ignore
      half[row * roughSide + column] = (upper + lower) / 4;
    }
  }
  return half;
}

/** A square picture mirrored from left to right. */
export function mirrored(picture: Float32Array): Float32Array {
  const side = Math.sqrt(picture.length);
  const turned = new Float32Array(picture.length);
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1) turned[row * side + column] = picture[(row + 1) * side - 1 - column] ?? 0; // prettier-ignore
  }
  return turned;
}

/** Mean of the pixels up to `radius` away in both directions; those at the edge count again in place of those beyond. */
function meansOf(pixels: Float32Array, radius: number): Float32Array {
  const side = Math.sqrt(pixels.length);
  return meansAlong(meansAlong(pixels, radius, 1, side), radius, side, 1);
}

function meansAlong(values: Float32Array, radius: number, step: number, lineStep: number): Float32Array {
  const means = new Float32Array(values.length);
  const side = Math.sqrt(values.length);
  const width = 2 * radius + 1;
  for (let line = 0; line < side; line += 1) {
    const begin = line * lineStep;
    const end = begin + (side - 1) * step;
    let sum = (radius + 1) * (values[begin] ?? 0);
    for (let i = 1; i <= radius; i += 1) sum += values[begin + i * step] ?? 0;
    for (let i = 0; i < side; i += 1) {
      const at = begin + i * step;
      means[at] = sum / width;
      sum +=
        (values[Math.min(at + (radius + 1) * step, end)] ?? 0) - (values[Math.max(at - radius * step, begin)] ?? 0);
    }
  }
  return means;
}
