import { SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';
import type { AffineTransform, FillOptions } from './affine-transform.js';
import type { Draws } from './draws.js';
import { resizing } from './random-crop.js';
import { GeometricTransformation, type ImagesShape } from './transformation.js';

/** Options of `RandomResizedCrop`, by torchvision's names. */
export interface RandomResizedCropOptions extends Pick<FillOptions, 'interpolation'> {
  /** Range of the area that stays, as a share of the image's; above 0, at most 1. Default: [0.08, 1]. */
  readonly scale?: readonly [lower: number, upper: number];
  /** Range of the part's width divided by its height, for square images; drawn evenly on a logarithmic scale. Default: [3/4, 4/3]. */
  readonly ratio?: readonly [lower: number, upper: number];
}

/**
 * Cuts a part of random size and shape out of each image and resizes it to the size that the image had, as
 * `torchvision.transforms.RandomResizedCrop`. A side that would be longer than the image is cut to the image's, whereas torchvision draws again.
 */
export class RandomResizedCrop extends GeometricTransformation {
  readonly #scale: readonly [number, number];
  readonly #ratio: readonly [number, number];

  /** @throws SignetError `INVALID_ARGUMENT`. */
  constructor({ scale = [0.08, 1], ratio = [3 / 4, 4 / 3], ...fill }: RandomResizedCropOptions = {}) {
    super(fill);
    this.#scale = rising('scale', scale, 1);
    this.#ratio = rising('ratio', ratio, Infinity);
  }

  override transform({ n, height, width }: ImagesShape, draws: Draws): AffineTransform {
    const [low, high] = this.#ratio;
    const area = draws.uniform([n], ...this.#scale);
    const ratio = tf.exp(draws.uniform([n], Math.log(low), Math.log(high)));
    const across = along(width, tf.sqrt(tf.mul(area, ratio)), draws.uniform([n]));
    const down = along(height, tf.sqrt(tf.div(area, ratio)), draws.uniform([n]));
    return { a0: across.factor, a1: 0, a2: across.offset, b0: 0, b1: down.factor, b2: down.offset };
  }
}

/**
 * @param share Length of the part, as a share of the side; cut off at 1.
 * @param position Its position between both ends, from 0 to 1.
 */
function along(size: number, share: tf.Tensor, position: tf.Tensor) {
  const factor = tf.minimum(share, 1);
  return resizing(factor, tf.mul(tf.mul(tf.sub(1, factor), size), position));
}

function rising(name: string, [lower, upper]: readonly [number, number], most: number): readonly [number, number] {
  if (0 < lower && lower <= upper && upper <= most && Number.isFinite(upper)) return [lower, upper];
  const limit = most === Infinity ? '' : `, at most ${most}`;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `RandomResizedCrop's ${name} is two numbers above 0${limit}, the smaller first. Received: ${lower}, ${upper}.`,
  );
}
