/** Pixels of the window that blurs a picture again. */
const window = 11;

/**
 * How blurred a picture is, from 0, sharp, to 1: how little its differences between neighbouring pixels shrink when it is blurred again,
 * along the axis where they shrink least. It does not depend on what is in the picture; a picture of one colour has 0.
 *
 * Source: Crete, Dolmiere, Ladret and Nicolas, "The Blur Effect: Perception and Estimation with a New No-Reference Perceptual Blur Metric"
 * (2007), with the window of `skimage.measure.blur_effect`.
 *
 * @param pixels Gray, row by row.
 */
export function blurOf(pixels: Uint8Array, width: number, height: number): number {
  return Math.max(
    blurAlong(pixels, { lines: height, step: width, length: width, stride: 1 }),
    blurAlong(pixels, { lines: width, step: 1, length: height, stride: width }),
  );
}

/** Where the lines of pixels along an axis are. */
interface Axis {
  readonly lines: number;
  /** Pixels from a line to the next. */
  readonly step: number;
  readonly length: number;
  /** Pixels from one of a line to the next. */
  readonly stride: number;
}

function blurAlong(pixels: Uint8Array, { lines, step, length, stride }: Axis): number {
  if (length < 2 * window) return 0;
  let [all, lost] = [0, 0];
  const [before, after] = [Math.ceil(window / 2) * stride, Math.floor(window / 2) * stride];
  for (let line = 0; line < lines; line += 1) {
    const begin = line * step;
    const end = begin + length * stride;
    // The difference of two neighbouring means of a window is that of the pixels which enter and leave it.
    for (let i = begin + before; i + after < end; i += stride) {
      // Both are multiplied by the window, which keeps them whole numbers: these are quicker.
      const sharp = window * Math.abs((pixels[i] ?? 0) - (pixels[i - stride] ?? 0));
      const blurred = Math.abs((pixels[i + after] ?? 0) - (pixels[i - before] ?? 0));
      all += sharp;
      if (sharp > blurred) lost += sharp - blurred;
    }
  }
  return all === 0 ? 0 : (all - lost) / all;
}
