import { SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';
import type { AffineTransform, Coefficient, FillOptions } from './affine-transform.js';
import type { Draws } from './draws.js';
import { GeometricTransformation, type ImagesShape } from './transformation.js';

/** Options of `RandomCrop`. */
export interface RandomCropOptions extends Pick<FillOptions, 'interpolation'> {
  /** Height of the part that is cut out, in pixels. */
  readonly height: number;
  /** Width of the part that is cut out, in pixels. */
  readonly width: number;
}

/**
 * Cuts a part of this size out of a random place in each image and resizes it to the image's size, which the model takes. Equals
 * `keras.layers.RandomCrop`, which cuts all images of a batch in the same place, followed by `keras.layers.Resizing`.
 */
export class RandomCrop extends GeometricTransformation {
  readonly #height: number;
  readonly #width: number;

  /** @throws SignetError `INVALID_ARGUMENT`. */
  constructor({ height, width, ...fill }: RandomCropOptions) {
    super(fill);
    this.#height = height;
    this.#width = width;
    if ([height, width].every((size) => Number.isSafeInteger(size) && size > 0)) return;
    throw invalid(`are whole numbers of pixels from 1. Received: ${height} x ${width}`);
  }

  override transform({ n, height, width }: ImagesShape, draws: Draws): AffineTransform {
    if (this.#height > height || this.#width > width) {
      throw invalid(
        `are at most those of the images, ${height} x ${width}. Received: ${this.#height} x ${this.#width}`,
      );
    }
    const offset = (size: number, part: number) => tf.floor(draws.uniform([n], 0, size - part + 1));
    const down = resizing(this.#height / height, offset(height, this.#height));
    const across = resizing(this.#width / width, offset(width, this.#width));
    return { a0: across.factor, a1: 0, a2: across.offset, b0: 0, b1: down.factor, b2: down.offset };
  }
}

/** The source of the pixels of a resized part: with pixel centers at half, as images are resized everywhere here. */
export function resizing<Scale extends Coefficient>(scale: Scale, offset: tf.Tensor) {
  const half = typeof scale === 'number' ? scale / 2 - 0.5 : tf.sub(tf.div(scale, 2), 0.5);
  return { factor: scale, offset: tf.add(offset, half) };
}

function invalid(what: string): SignetError {
  return new SignetError('INVALID_ARGUMENT', `RandomCrop's height and width ${what}.`);
}
