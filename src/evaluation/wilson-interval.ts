/** The normal distribution's quantile of 97.5 %: 95 % lie between its negative and it. */
const z = 1.959964;

/**
 * Where the accuracy on all images of a kind lies with 95 % confidence, after `correct` of `images` were right.
 *
 * Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference" (1927), which keeps within 0 and 1 and means
 * something for few images and for an accuracy of 1 too.
 *
 * @returns 0 and 1 without images.
 */
export function wilsonInterval(right: number, images: number): readonly [low: number, high: number] {
  if (images === 0) return [0, 1];
  const part = right / images;
  const scale = 1 + z ** 2 / images;
  const middle = (part + z ** 2 / (2 * images)) / scale;
  const reach = (z / scale) * Math.sqrt((part * (1 - part)) / images + z ** 2 / (4 * images ** 2));
  return [Math.max(0, middle - reach), Math.min(1, middle + reach)];
}
