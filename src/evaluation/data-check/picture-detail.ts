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
  const pixels = Float32Array.from(gray);
  return { gray: pixels, fine: detailAt(pixels), rough: detailAt(halved(pixels)) };
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
  return normalized(sharp.map((each, i) => each - (smooth[i] ?? 0)));
}

function normalized(values: Float32Array): Float32Array {
  let [sum, squares] = [0, 0];
  for (const value of values) sum += value;
  const mean = sum / values.length;
  for (const value of values) squares += (value - mean) ** 2;
  // Less than a tenth of a level is rounding.
  const scale = squares < 0.01 * values.length ? 0 : 1 / Math.sqrt(squares);
  return values.map((value) => (value - mean) * scale);
}

function halved(pixels: Float32Array): Float32Array {
  const at = (row: number, column: number) => pixels[row * looksSide + column] ?? 0;
  return Float32Array.from({ length: roughSide * roughSide }, (_, i) => {
    const [row, column] = [2 * Math.floor(i / roughSide), 2 * (i % roughSide)];
    return (at(row, column) + at(row, column + 1) + at(row + 1, column) + at(row + 1, column + 1)) / 4;
  });
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
  for (let line = 0; line < side; line += 1) {
    const at = (i: number) => values[line * lineStep + Math.min(Math.max(i, 0), side - 1) * step] ?? 0;
    let sum = 0;
    for (let i = -radius; i <= radius; i += 1) sum += at(i);
    for (let i = 0; i < side; i += 1) {
      means[line * lineStep + i * step] = sum / (2 * radius + 1);
      sum += at(i + radius + 1) - at(i - radius);
    }
  }
  return means;
}
