import { looksSide } from './picture-looks.js';

/** A part of a picture: top, left, height and width, as shares of the whole. */
export type Box = readonly [top: number, left: number, height: number, width: number];

/** A part of a picture, and its correlation with another picture. */
export interface PlacedPart {
  readonly box: Box;
  readonly value: number;
}

/** Share of a picture's sides that a part has at least. */
const least = 0.75;
/** Steps at most, and the gain below which the next one is not worth its time. */
const [mostSteps, leastGain] = [16, 1e-3];

/**
 * Moves and stretches a part of a picture to where it is most like another picture: to a local maximum of their correlation, by the method of Levenberg
 * and Marquardt. It takes about 8 steps; trying each side in turn took 100.
 *
 * @param whole Picture [side, side].
 * @param part Picture with a mean of 0 and a length of 1, or evenly chosen pixels of one.
 * @param worthwhile Correlation at the start below which the part stays there. Default: it is always moved.
 */
export function refinePart(whole: Float32Array, part: Float32Array, start: Box, worthwhile = -Infinity): PlacedPart {
  let best = measure(whole, part, start);
  if (best.value < worthwhile) return best;
  let damping = 0.01;
  for (let step = 0; step < mostSteps && damping < 1e3; step += 1) {
    const next = measure(whole, part, moved(best, damping, sideOf(whole)));
    const gain = next.value - best.value;
    damping = gain > 0 ? damping / 10 : damping * 10;
    if (gain > 0) best = next;
    if (gain >= 0 && gain < leastGain) break;
  }
  return best;
}

/** A placed part, and how its correlation changes with its box, without what changes the mean or the contrast alone. */
interface Measured extends PlacedPart {
  /** Products of the derivatives by top, left, height and width with the other picture, summed over the pixels, [4]. */
  readonly slope: readonly number[];
  /** Their products with each other, [4, 4]. */
  readonly curvature: readonly (readonly number[])[];
}

/**
 * Samples a part of a picture and compares it with another picture.
 *
 * This is most of the time of a check for duplicates. Taking several values from an array literal, as elsewhere, makes arrays here: the inner loop then takes six times as long.
 */
function measure(whole: Float32Array, part: Float32Array, box: Box): Measured {
  const [side, count] = [sideOf(whole), sideOf(part)];
  const [top, left, height, width] = box;
  sample(rows, side, count, top, height);
  sample(columns, side, count, left, width);
  let [sum, squares, products] = [0, 0, 0];
  // Sums with the derivatives by y and x; w is this part, p the other picture. T: times the place in the part, since height and width move far pixels most.
  let [y, yT, x, xT, wy, wyT, wx, wxT, py, pyT, px, pxT] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  let [yy, yyT, yyTT, xx, xxT, xxTT, yx, yxT, yTx, yTxT] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let row = 0, at = 0; row < count; row += 1) {
    const upper = Math.imul(rows.low[row] ?? 0, side);
    const lower = Math.imul(rows.high[row] ?? 0, side);
    const [down, place] = [rows.share[row] ?? 0, rows.place[row] ?? 0];
    let [rowY, rowWy, rowPy, rowYy, rowYx, rowYxT] = [0, 0, 0, 0, 0, 0];
    for (let column = 0; column < count; column += 1, at += 1) {
      const low = columns.low[column] ?? 0;
      const high = columns.high[column] ?? 0;
      const across = columns.share[column] ?? 0;
      const a = whole[upper + low] ?? 0;
      const b = whole[upper + high] ?? 0;
      const c = whole[lower + low] ?? 0;
      const d = whole[lower + high] ?? 0;
      const wanted = part[at] ?? 0;
      const above = mix(a, b, across);
      const below = mix(c, d, across);
      const value = mix(above, below, down);
      const byY = below - above;
      const byX = mix(b - a, d - c, down);
      const byXT = byX * (columns.place[column] ?? 0);
      sum += value;
      squares += value * value;
      products += value * wanted;
      rowY += byY;
      rowWy += byY * value;
      rowPy += byY * wanted;
      rowYy += byY * byY;
      rowYx += byY * byX;
      rowYxT += byY * byXT;
      x += byX;
      xT += byXT;
      wx += byX * value;
      wxT += byXT * value;
      px += byX * wanted;
      pxT += byXT * wanted;
      xx += byX * byX;
      xxT += byX * byXT;
      xxTT += byXT * byXT;
    }
    y += rowY;
    yT += rowY * place;
    wy += rowWy;
    wyT += rowWy * place;
    py += rowPy;
    pyT += rowPy * place;
    yy += rowYy;
    yyT += rowYy * place;
    yyTT += rowYy * place * place;
    yx += rowYx;
    yxT += rowYxT;
    yTx += rowYx * place;
    yTxT += rowYxT * place;
  }
  const mean = sum / part.length;
  const spread = squares - sum * mean;
  if (spread <= 1e-9) return { box, value: 0, slope: [0, 0, 0, 0], curvature: [] };
  const length = Math.sqrt(spread);
  const value = products / length;
  const sums = [y, x, yT, xT];
  const own = [wy, wx, wyT, wxT].map((each, i) => (each - mean * (sums[i] ?? 0)) / length);
  const all = [
    [yy, yx, yyT, yxT],
    [yx, xx, yTx, xxT],
    [yyT, yTx, yyTT, yTxT],
    [yxT, xxT, yTxT, xxTT],
  ];
  return {
    box,
    value,
    slope: [py, px, pyT, pxT].map((each, i) => (each - value * (own[i] ?? 0)) * length),
    curvature: all.map((line, i) => line.map((each, j) => each - ((sums[i] ?? 0) * (sums[j] ?? 0)) / part.length - (own[i] ?? 0) * (own[j] ?? 0))), // prettier-ignore
  };
}

/** The box after a step; it stays within the picture. */
function moved({ box, slope, curvature }: Measured, damping: number, side: number): Box {
  const damped = curvature.map((line, i) => line.map((each, j) => (i === j ? each * (1 + damping) : each)));
  const step = solve(damped, slope);
  // Derivatives are by pixels of the whole, boxes in shares of it; a place in the part is a share too.
  const [top = 0, left = 0, height = 0, width = 0] = box.map((each, i) => each + (step[i] ?? 0) / side);
  const [h, w] = [clamp(height, least, 1), clamp(width, least, 1)];
  return [clamp(top, 0, 1 - h), clamp(left, 0, 1 - w), h, w];
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Solves a system of linear equations whose matrix is symmetric and positive, without pivots. @returns 0 where nothing is known. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const lines = matrix.map((line, i) => [...line, right[i] ?? 0]);
  for (const [i, pivot] of lines.entries()) {
    const head = pivot[i] ?? 0;
    if (!(head > 1e-12)) return right.map(() => 0);
    for (const [j, line] of lines.entries()) {
      const factor = i === j ? 0 : (line[i] ?? 0) / head;
      if (factor !== 0) for (let k = i; k < line.length; k += 1) line[k] = (line[k] ?? 0) - factor * (pivot[k] ?? 0);
    }
  }
  return lines.map((line, i) => (line.at(-1) ?? 0) / (line[i] ?? 1));
}

/** A part of a picture at the size of the whole. */
export function cropped(picture: Float32Array, [top, left, height, width]: Box): Float32Array {
  const side = sideOf(picture);
  sample(rows, side, side, top, height);
  sample(columns, side, side, left, width);
  return Float32Array.from({ length: picture.length }, (_, i) => {
    const [row, column] = [Math.floor(i / side), i % side];
    const [upper, lower] = [(rows.low[row] ?? 0) * side, (rows.high[row] ?? 0) * side];
    const [low, high, across] = [columns.low[column] ?? 0, columns.high[column] ?? 0, columns.share[column] ?? 0];
    const a = mix(picture[upper + low] ?? 0, picture[upper + high] ?? 0, across);
    const b = mix(picture[lower + low] ?? 0, picture[lower + high] ?? 0, across);
    return mix(a, b, rows.share[row] ?? 0);
  });
}

/** Pixels of a square picture's sides. */
function sideOf(picture: Float32Array): number {
  return Math.sqrt(picture.length) | 0;
}

/** Places between two pixels of a line. */
interface Samples {
  /** Position of the pixel before each place, and of the one after. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** How near each place is to the one after, 0 to 1. */
  readonly share: Float64Array;
  /** Where each place is within the part, 0 to 1. */
  readonly place: Float64Array;
}

/** Where pixels are sampled along both axes; written again for each box. */
const [rows, columns] = [emptySamples(), emptySamples()];

function emptySamples(): Samples {
  const [low, high] = [new Int32Array(looksSide), new Int32Array(looksSide)];
  return { low, high, share: new Float64Array(looksSide), place: new Float64Array(looksSide) };
}

/** Writes where evenly chosen pixels of a picture lie within a part of another one, along one axis. Both have `side` pixels. */
function sample(
  { low, high, share, place }: Samples,
  side: number,
  count: number,
  begin: number,
  length: number,
): void {
  for (let i = 0; i < count; i += 1) {
    const within = i / count + 0.5 / side;
    const at = Math.min(Math.max((within * length + begin) * side - 0.5, 0), side - 1);
    const before = Math.floor(at);
    low[i] = before;
    high[i] = Math.min(before + 1, side - 1);
    share[i] = at - before;
    place[i] = within;
  }
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}
