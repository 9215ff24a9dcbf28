import * as tf from '../../src/tensorflow/tf.js';
import { mulberry32 } from '../../test/helpers/data/mulberry32.js';

/** Checks whether a pixel of a picture lies in its square. */
export type IsInside = (y: number, x: number) => boolean;

/** Pictures with noise or other backgrounds, most of which have a square in some colour. */
export interface Squares {
  /** float32 [n, side, side, 3], 0 to 255 */
  readonly images: tf.Tensor4D;
  /** Colour of each picture's square, by position: red, green, blue. */
  readonly labels: Int32Array;
  /** 1 where there is a square, else 0. */
  readonly present: Int32Array;
  readonly boxes: readonly IsInside[];
}

/** What to draw. */
export interface SquaresOptions {
  /** Every `empty`-th picture has no square. Default: all have one. */
  readonly empty?: number;
  /** Backgrounds for the squares, used in turn, [side, side, 3] each. Default: noise. */
  readonly backgrounds?: readonly Uint8Array[] | undefined;
}

/** Draws pictures, each with a square of 0.5 to 0.7 times its width at a random place. */
export function squares(
  count: number,
  side: number,
  seed: number,
  { empty = Infinity, backgrounds }: SquaresOptions = {},
): Squares {
  const random = mulberry32(seed);
  const pixels = new Float32Array(count * side * side * 3);
  const boxes = Array.from({ length: count }, (_, i): IsInside => {
    const size = Math.round(side * (0.5 + 0.2 * random()));
    const [top, left] = [random(), random()].map((place) => Math.floor(place * (side - size))) as [number, number];
    const isThere = (i + 1) % empty !== 0;
    const isInside: IsInside = (y, x) => isThere && y >= top && y < top + size && x >= left && x < left + size;
    const background = backgrounds?.[i % backgrounds.length];
    for (let p = 0; p < side * side; p += 1) {
      const inside = isInside(Math.floor(p / side), p % side);
      for (let k = 0; k < 3; k += 1) {
        const color = k === i % 3 ? 230 : 40;
        const around = () => (background ? (background[p * 3 + k] ?? 0) : random() * 160);
        pixels[(i * side * side + p) * 3 + k] = inside ? color : around();
      }
    }
    return isInside;
  });
  const labels = Int32Array.from({ length: count }, (_, i) => i % 3);
  const present = labels.map((_, i) => ((i + 1) % empty === 0 ? 0 : 1));
  return { images: tf.tensor4d(pixels, [count, side, side, 3]), labels, present, boxes };
}
