import { looksSide } from './picture-looks.js';
import { detailAt, mirroredDetail, normalized, type PictureDetail, roughSide } from './picture-detail.js';
import { type Box, cropped, type PlacedPart, refinePart } from './picture-part.js';

/** How one picture comes from another. */
export interface PictureMatch {
  readonly kind: 'nearly the same' | 'mirrored' | 'cropped' | 'cropped and mirrored';
  /** Correlation of their detail, 0 to 1. */
  readonly similarity: number;
}

/**
 * Correlation of two pictures' detail from which they are one picture. On photographs of clothing, pictures that were not made of each other
 * reach 0.92, and JPEGs of quality 40, half the size, mirrored or brighter ones at least 0.95 (docs/decisions/0030).
 */
const samePicture = 0.93;
/** Correlation of rough pictures from which a crop is looked at in detail. */
const perhaps = 0.6;

/** Correlation of their detail there from which the place is made exact. */
const probably = 0.6;

/**
 * Decides whether two pictures are one: as they are, mirrored, or one cut out of the other, with at least 75 % of its sides.
 *
 * @param withCrops Whether crops are looked for, which takes a millisecond.
 * @returns Null if they are two.
 */
export function matchPictures(one: PictureDetail, other: PictureDetail, withCrops: boolean): PictureMatch | null {
  const [plain, flipped] = [product(one.fine, other.fine), mirroredProduct(one.fine, other.fine)];
  if (Math.max(plain, flipped) >= samePicture) {
    return { kind: plain >= flipped ? 'nearly the same' : 'mirrored', similarity: Math.max(plain, flipped) };
  }
  return withCrops ? matchCrops(one, other) : null;
}

/** A picture that may be cut out of another, and where. */
interface PossibleCrop {
  readonly kind: 'cropped' | 'cropped and mirrored';
  readonly whole: PictureDetail;
  readonly part: PictureDetail;
  readonly placed: PlacedPart;
}

/** Decides whether one of two pictures is cut out of the other. The likeliest way is looked at in detail first: that takes the longest. */
function matchCrops(one: PictureDetail, other: PictureDetail): PictureMatch | null {
  const turned = mirroredDetail(other);
  const possible = [
    possibleCrop('cropped', one, other),
    possibleCrop('cropped', other, one),
    possibleCrop('cropped and mirrored', one, turned),
    possibleCrop('cropped and mirrored', turned, one),
  ].filter((each) => each !== null);
  for (const { kind, whole, part, placed } of possible.sort((a, b) => b.placed.value - a.placed.value)) {
    const similarity = similarityAt(whole, part, placed.box);
    if (similarity >= samePicture) return { kind, similarity };
  }
  return null;
}

/** Where crops are looked for first: squares of several sizes, side by side. */
const places: readonly Box[] = [0.95, 0.9, 0.85, 0.8].flatMap((size) => {
  const steps = Math.ceil((1 - size) / 0.034);
  const starts = Array.from({ length: steps + 1 }, (_, i) => ((1 - size) * i) / steps);
  return starts.flatMap((top) => starts.map((left): Box => [top, left, size, size]));
});

/** The nearest pixels of a rough picture for each of those of a part at a place. */
const roughPixels = places.map(([top, left, height, width]) => {
  const at = (begin: number, length: number, i: number) =>
    Math.min(roughSide - 1, Math.floor(begin * roughSide + (i + 0.5) * length));
  const half = roughSide / 2;
  return Int32Array.from({ length: half ** 2 }, (_, i) => {
    const [row, column] = [2 * Math.floor(i / half), 2 * (i % half)];
    return at(top, height, row) * roughSide + at(left, width, column);
  });
});

/** Finds the part of a picture that is most like another one, by rough pictures. @returns Null if none is. */
function possibleCrop(kind: PossibleCrop['kind'], whole: PictureDetail, part: PictureDetail): PossibleCrop | null {
  const some = everySecondOf(part.rough);
  const values = roughPixels.map((pixels) => correlationAt(whole.rough, some, pixels));
  const start = places[values.indexOf(Math.max(...values))];
  const placed = start && refinePart(whole.rough, some, start, perhaps - 0.04);
  return !placed || placed.value < perhaps ? null : { kind, whole, part, placed };
}

/** Correlation in detail of a picture with a part of another one, which is moved to where it is largest. */
function similarityAt(whole: PictureDetail, part: PictureDetail, near: Box): number {
  const placed = refinePart(whole.rough, part.rough, near);
  if (placed.value < perhaps) return 0;
  const { box, value } = refinePart(whole.fine, part.fine, placed.box, probably);
  if (value < probably) return 0;
  // Detail that is resampled loses some; the detail of what is resampled does not.
  return product(detailAt(cropped(whole.gray, box)), part.fine);
}

/** Every second pixel of a picture in both directions, with a mean of 0 and a length of 1: enough to come near a place, in a quarter of the time. */
function everySecondOf(picture: Float32Array): Float32Array {
  const side = Math.sqrt(picture.length);
  const half = side / 2;
  const values = Float32Array.from({ length: half ** 2 }, (_, i) => picture[2 * Math.floor(i / half) * side + 2 * (i % half)] ?? 0); // prettier-ignore
  return normalized(values, 1e-12);
}

/** Correlation of some pixels of a picture with another picture, whose mean is 0 and whose length is 1. */
function correlationAt(picture: Float32Array, part: Float32Array, pixels: Int32Array): number {
  let [sum, squares, products] = [0, 0, 0];
  for (let i = 0; i < pixels.length; i += 1) {
    const value = picture[pixels[i] ?? 0] ?? 0;
    sum += value;
    squares += value * value;
    products += value * (part[i] ?? 0);
  }
  return inUnits(products, squares - sum ** 2 / pixels.length);
}

/** @param spread Squared length of the picture without its mean. */
function inUnits(products: number, spread: number): number {
  return spread > 1e-9 ? products / Math.sqrt(spread) : 0;
}

function product(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** The product with the second picture mirrored from left to right. */
function mirroredProduct(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let row = 0; row < looksSide; row += 1) {
    const [begin, last] = [row * looksSide, (row + 1) * looksSide - 1];
    for (let column = 0; column < looksSide; column += 1) sum += (a[begin + column] ?? 0) * (b[last - column] ?? 0);
  }
  return sum;
}
