import { uprightSize } from '../../data/image-file/exif-orientation.js';
import { median } from '../../data/statistics.js';
import type { CheckedImage } from './checked-images.js';
import type { Neighbours } from './nearest-neighbours.js';
import type { PictureLooks } from './picture-looks.js';

/** An image that differs from the others in a way that may be a mistake. */
export interface OddPicture {
  /** Position among all images. */
  readonly image: number;
  readonly kind: 'unlike all others' | 'blurred' | 'dark' | 'one colour' | 'tiny' | 'odd shape';
  /** The number that gave it away, in words: `0.31 where most have 0.7`. */
  readonly words: string;
}

/** Brightness below which there is hardly anything to see, of 255. */
const darkest = 20;
/** Standard deviation of the brightness below which a picture has one colour, of 255. */
const flattest = 3;
/** Blur that is found at all, and how many robust standard deviations from the median. */
const [leastBlur, deviations] = [0.5, 4];
/** A picture is tiny whose shorter side has fewer pixels than this, and less than this part of the median. */
const [tinySide, tinyPart] = [64, 0.4];
/** How many times as wide as most, or as narrow, a picture is that has an odd shape. */
const oddShape = 2.5;

/** Finds pictures that are blurred, dark, of one colour, tiny, of an odd shape, or unlike all others. Most limits follow the median of the data set. */
export function findOddPictures(
  images: readonly CheckedImage[],
  looks: readonly (PictureLooks | null)[],
  neighbours: Neighbours | null,
): OddPicture[] {
  return [
    ...(neighbours ? unlikeOthers(neighbours) : []),
    ...blurred(looks),
    ...looks.flatMap((look, image) => darkOrFlat(look, image)),
    ...tinyOrLong(images),
  ];
}

/** Robust standard deviations from the median at which an image is unlike all others. */
const unlike = 2.5;

function unlikeOthers({ count, similarities }: Neighbours): OddPicture[] {
  if (count === 0) return [];
  const means = Array.from({ length: similarities.length / count }, (_, i) => {
    return similarities.subarray(i * count, (i + 1) * count).reduce((sum, each) => sum + each, 0) / count;
  });
  const { middle, deviation } = robust(means);
  return means
    .map((value, image) => ({ image, value }))
    .filter(({ value }) => value < middle - unlike * deviation)
    .sort((a, b) => a.value - b.value)
    .map(({ image, value }) => ({
      image,
      kind: 'unlike all others',
      words: `its ${count} nearest have a cosine of ${value.toFixed(2)}, most have ${middle.toFixed(2)}`,
    }));
}

function blurred(looks: readonly (PictureLooks | null)[]): OddPicture[] {
  const { middle, deviation } = robust(looks.flatMap((look) => look?.blur ?? []));
  return looks
    .flatMap((look, image) => (look ? [{ image, value: look.blur }] : []))
    .filter(({ value }) => value >= leastBlur && value > middle + deviations * deviation)
    .sort((a, b) => b.value - a.value)
    .map(({ image, value }) => ({ image, kind: 'blurred', words: `blur ${value.toFixed(2)}, most have ${middle.toFixed(2)}` })); // prettier-ignore
}

function darkOrFlat(look: PictureLooks | null, image: number): OddPicture[] {
  if (!look) return [];
  const { brightness, contrast } = look;
  if (contrast < flattest) return [{ image, kind: 'one colour', words: `brightness ${brightness.toFixed(0)} of 255 everywhere` }]; // prettier-ignore
  return brightness < darkest
    ? [{ image, kind: 'dark', words: `mean brightness ${brightness.toFixed(0)} of 255` }]
    : [];
}

function tinyOrLong(images: readonly CheckedImage[]): OddPicture[] {
  const sizes = images.map(({ file }) => uprightSize(file));
  const sides = median(sizes.map((size) => Math.min(...size)));
  const shapes = median(sizes.map(([width, height]) => Math.log(width / height)));
  return sizes.flatMap(([width, height], image): OddPicture[] => {
    const words = `${width} x ${height} pixels`;
    const side = Math.min(height, width);
    if (side < tinySide && side < tinyPart * sides) return [{ image, kind: 'tiny', words }];
    return Math.abs(Math.log(width / height) - shapes) > Math.log(oddShape)
      ? [{ image, kind: 'odd shape', words }]
      : [];
  });
}

/** Median, and the standard deviation that normally distributed values with the same median distance from it would have. */
function robust(values: readonly number[]): { readonly middle: number; readonly deviation: number } {
  const middle = median(values);
  return { middle, deviation: 1.4826 * median(values.map((value) => Math.abs(value - middle))) };
}
