import { SignetError } from '../../errors.js';
import { cond } from '../../ops/cond.js';
import { mapFn } from '../../ops/map-fn.js';
import * as tf from '../../tensorflow/tf.js';
import { type AffineTransform, type FillOptions, transformImages } from './affine-transform.js';
import type { Draws } from './draws.js';
import { autoContrasted, blended, equalized, luminance, meanLuminance, softened } from './pixel-operations.js';
import { PixelTransformation } from './transformation.js';

/** Options of `TrivialAugmentWide`, by torchvision's names. */
export interface TrivialAugmentWideOptions {
  /** Number of strengths, 2 or more. Default: 31. */
  readonly numMagnitudeBins?: number;
  /** Method that gives values between pixels. Default: `bilinear`; torchvision's is `nearest`. */
  readonly interpolation?: FillOptions['interpolation'];
  /** Value of pixels from beyond the edges, 0 to 255. Default: 0. */
  readonly fillValue?: number;
}

/** What was drawn for each image, all float32 [n]. */
export interface TrivialAugmentDraws {
  /** Position in `trivialAugmentOperations`. */
  readonly operation: tf.Tensor;
  /** How strongly the operation is applied, from 0 to 1. */
  readonly strength: tf.Tensor;
  /** Direction, for operations that have one: -1 or 1. */
  readonly sign: tf.Tensor;
}

/**
 * Applies one of 14 operations to each image, with a strength drawn from the whole range, as `torchvision.transforms.TrivialAugmentWide`: there is
 * nothing to tune.
 *
 * Source: Müller and Hutter, https://arxiv.org/abs/2103.10158; torchvision/transforms/autoaugment.py.
 */
export class TrivialAugmentWide extends PixelTransformation {
  readonly #bins: number;
  readonly #fill: FillOptions;

  /** @throws SignetError `INVALID_ARGUMENT`. */
  constructor({ numMagnitudeBins = 31, interpolation = 'bilinear', fillValue = 0 }: TrivialAugmentWideOptions = {}) {
    super();
    this.#bins = numMagnitudeBins;
    this.#fill = { fillMode: 'constant', fillValue, interpolation };
    if (!Number.isSafeInteger(numMagnitudeBins) || numMagnitudeBins < 2) {
      throw invalid('numMagnitudeBins is a whole number from 2', numMagnitudeBins);
    }
    if (!(fillValue >= 0 && fillValue <= 255)) throw invalid('fillValue is from 0 to 255', fillValue);
  }

  /**
   * Applies one drawn operation to each image.
   *
   * @param images float32 [n, height, width, 3], 0 to 255; so is the result.
   */
  override call(images: tf.Tensor4D, draws: Draws): tf.Tensor4D {
    const [n] = images.shape;
    const whole = (below: number) => tf.floor(draws.uniform([n], 0, below));
    const operation = whole(trivialAugmentOperations.length);
    const strength = tf.div(whole(this.#bins), this.#bins - 1);
    return this.apply(images, { operation, strength, sign: tf.sub(tf.mul(whole(2), 2), 1) });
  }

  /** Changes images by what was drawn for each: what `call` does after its draws. */
  apply(images: tf.Tensor4D, { operation, strength, sign }: TrivialAugmentDraws): tf.Tensor4D {
    // One image after another, so that only what was drawn is computed.
    const change = (image: tf.Tensor, which: tf.Tensor, much: tf.Tensor, direction: tf.Tensor) => {
      const one = tf.expandDims<tf.Tensor4D>(image, 0);
      const drawn = { strength: much, signed: tf.mul(much, direction), fill: this.#fill };
      const changes = Object.values(operations).map((each) => () => each(one, drawn));
      return tf.squeeze(oneOf(which, changes, 0), [0]);
    };
    return mapFn(change, [images, operation, strength, sign]) as tf.Tensor4D;
  }
}

/** How an operation changes an image. */
interface Amount {
  /** Scalar, from 0 to 1. */
  readonly strength: tf.Tensor;
  /** Scalar, from -1 to 1. */
  readonly signed: tf.Tensor;
  readonly fill: FillOptions;
}

/** Changes one image, [1, height, width, channels]. */
type Operation = (image: tf.Tensor4D, amount: Amount) => tf.Tensor;

const unmoved: AffineTransform = { a0: 1, a1: 0, a2: 0, b0: 0, b1: 1, b2: 0 };

/** Moves pixels by a transform of a signed amount up to `most`. */
function moving(most: number, transformOf: (by: tf.Tensor, image: tf.Tensor4D) => Partial<AffineTransform>): Operation {
  return (image, { signed, fill }) =>
    transformImages(image, { ...unmoved, ...transformOf(tf.mul(signed, most), image) }, fill);
}

/** Blends an image with a version made from it, or moves it away from that, by up to 99 %. */
function blending(otherOf: (image: tf.Tensor4D) => tf.Tensor | number): Operation {
  return (image, { signed }) => blended(image, otherOf(image), tf.add(1, tf.mul(signed, 0.99)));
}

/** All are equally likely. */
const operations = {
  identity: (image) => tf.clone(image),
  // Sheared about the corner at the top left, as in torchvision.
  shearX: moving(0.99, (by) => ({ a1: by })),
  shearY: moving(0.99, (by) => ({ b0: by })),
  // In pixels, whatever the size of the image.
  translateX: moving(32, (by) => ({ a2: by })),
  translateY: moving(32, (by) => ({ b2: by })),
  rotate: moving((135 / 180) * Math.PI, rotation),
  brightness: blending(() => 0),
  color: blending(luminance),
  contrast: blending(meanLuminance),
  sharpness: blending(softened),
  posterize: (image, { strength }) => {
    const step = tf.pow(2, tf.round(tf.mul(strength, 6)));
    return tf.mul(tf.floor(tf.div(image, step)), step);
  },
  solarize: (image, { strength }) => {
    const limit = tf.mul(tf.sub(1, strength), 255);
    return tf.where(tf.greaterEqual(image, limit), tf.sub(255, image), image);
  },
  autoContrast: autoContrasted,
  equalize: equalized,
} satisfies Readonly<Record<string, Operation>>;

/** Names of the operations. */
export const trivialAugmentOperations: readonly string[] = Object.keys(operations);

/** Rotates about the center. */
function rotation(angle: tf.Tensor, { shape: [, height, width] }: tf.Tensor4D): AffineTransform {
  const [cos, sin] = [tf.cos(angle), tf.sin(angle)];
  const [x, y] = [(width - 1) / 2, (height - 1) / 2];
  return {
    a0: cos,
    a1: tf.neg(sin),
    a2: tf.sub(x, tf.sub(tf.mul(cos, x), tf.mul(sin, y))),
    b0: sin,
    b1: cos,
    b2: tf.sub(y, tf.add(tf.mul(sin, x), tf.mul(cos, y))),
  };
}

/** The result of one of several changes, found by bisection. @param which Scalar: which one, from `first` on. */
function oneOf(which: tf.Tensor, changes: readonly (() => tf.Tensor)[], first: number): tf.Tensor {
  const [only] = changes;
  if (!only) throw new Error('unreachable: there is at least one');
  if (changes.length === 1) return only();
  const half = Math.ceil(changes.length / 2);
  const [before, after] = [changes.slice(0, half), changes.slice(half)];
  return cond(
    tf.less(which, first + half),
    () => oneOf(which, before, first),
    () => oneOf(which, after, first + half),
  );
}

function invalid(what: string, received: number): SignetError {
  return new SignetError('INVALID_ARGUMENT', `TrivialAugmentWide's ${what}. Received: ${received}.`);
}
