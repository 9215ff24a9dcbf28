import { SignetError } from '../../errors.js';
import { deriveSeed } from '../../data/dataset/random.js';
import * as tf from '../../tensorflow/tf.js';
import { type AffineTransform, composeTransforms, type FillOptions, transformImages } from './affine-transform.js';
import { Draws } from './draws.js';
import type { MixedImages, MixingTransformation } from './mixing.js';
import type { GeometricTransformation, PixelTransformation } from './transformation.js';

/** A transformation from this folder, or your own. */
export type Transformation = GeometricTransformation | PixelTransformation | MixingTransformation;

/** Options of `Augmentation`. */
export interface AugmentationOptions {
  /** Seed of the random draws: the same seed draws the same values, different ones at every step. Default: 0. */
  readonly seed?: number;
}

/** Images of a batch after augmentation; with `MixUp` or `CutMix` also the image that each was mixed with. */
export type AugmentedImages = Pick<MixedImages, 'images'> & Partial<MixedImages>;

/**
 * Changes the images that a model trains on at random, each one differently at every step, so that the model learns from more images than there are.
 * Runs in the graph of the training; validation, evaluation and serving see images unchanged.
 *
 * @example
 * ```ts
 * const augmentation = new Augmentation([new RandomFlip({ mode: 'horizontal' }), new RandomRotation({ factor: 0.05 })], { seed: 42 });
 * await fit(model, train, { epochs: 20, augmentation });
 * ```
 */
export class Augmentation {
  readonly #seed: number;

  /**
   * @param transformations Transformations, in the order they are applied.
   * @throws SignetError `INVALID_ARGUMENT`.
   */
  constructor(
    readonly transformations: readonly Transformation[],
    { seed = 0 }: AugmentationOptions = {},
  ) {
    this.#seed = seed;
    if (transformations.filter(({ kind }) => kind === 'mixing').length <= 1) return;
    throw new SignetError(
      'INVALID_ARGUMENT',
      'An augmentation mixes images in one way at most, by MixUp or CutMix. Received: several.',
    );
  }

  /** Whether images are mixed, and with them what the loss is computed from. */
  get mixes(): boolean {
    return this.transformations.some(({ kind }) => kind === 'mixing');
  }

  /**
   * Changes a batch.
   *
   * @param images float32 [n, height, width, channels], 0 to 255.
   * @returns The same number of images, of the same size and range; the caller owns them.
   */
  call(images: tf.Tensor4D): AugmentedImages {
    return tf.tidy<AugmentedImages>(() => {
      const batch = new Batch(images);
      this.transformations.forEach((transformation, i) =>
        batch.apply(transformation, new Draws(deriveSeed(this.#seed, `augmentation ${i}`))),
      );
      return batch.result();
    });
  }
}

/** A batch on its way through the transformations. */
class Batch {
  /** Movement of pixels that is put off, since more of it may follow. */
  #pending: { readonly transform: AffineTransform; readonly fill: FillOptions } | null = null;
  #mix: Omit<MixedImages, 'images'> | null = null;

  constructor(private images: tf.Tensor4D) {}

  apply(transformation: Transformation, draws: Draws): void {
    if (transformation.kind === 'geometric') {
      this.#move(transformation, draws);
      return;
    }
    this.#resample();
    if (transformation.kind === 'pixels') {
      this.images = transformation.call(this.images, draws);
      return;
    }
    const { images, ...mix } = transformation.call(this.images, draws);
    this.images = images;
    this.#mix = mix;
  }

  result(): AugmentedImages {
    this.#resample();
    return { images: tf.clone(this.images), ...this.#mix };
  }

  #move(transformation: GeometricTransformation, draws: Draws): void {
    const { fill } = transformation;
    const [n, height, width] = this.images.shape;
    if (this.#pending && !isSameFill(this.#pending.fill, fill)) this.#resample();
    const transform = transformation.transform({ n, height, width }, draws);
    this.#pending = {
      fill,
      transform: this.#pending ? composeTransforms(this.#pending.transform, transform) : transform,
    };
  }

  #resample(): void {
    if (this.#pending) this.images = transformImages(this.images, this.#pending.transform, this.#pending.fill);
    this.#pending = null;
  }
}

function isSameFill(one: FillOptions, other: FillOptions): boolean {
  const { fillMode = 'reflect', fillValue = 0, interpolation = 'bilinear' } = one;
  const same = { fillMode: 'reflect', fillValue: 0, interpolation: 'bilinear', ...other };
  return same.fillMode === fillMode && same.fillValue === fillValue && same.interpolation === interpolation;
}
