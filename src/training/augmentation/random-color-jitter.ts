import { SignetError } from '../../errors.js';
import { attribute, runOp } from '../../tensorflow/run-op.js';
import * as tf from '../../tensorflow/tf.js';
import type { Draws } from './draws.js';
import { blended, luminance, meanLuminance } from './pixel-operations.js';
import { PixelTransformation } from './transformation.js';

/** Options of `RandomColorJitter`, by the names of `keras.layers.RandomColorJitter`, with torchvision's meaning. */
export interface RandomColorJitterOptions {
  /** Brightness is multiplied by a number from 1 - f to 1 + f; f is from 0 to 1. Default: 0. */
  readonly brightnessFactor?: number | undefined;
  /** The same for the distance from the image's mean gray. Default: 0. */
  readonly contrastFactor?: number | undefined;
  /** The same for the distance from each pixel's gray. Default: 0. */
  readonly saturationFactor?: number | undefined;
  /** Hues are turned by up to this share of the full circle, from 0 to 0.5. Default: 0. */
  readonly hueFactor?: number | undefined;
}

/**
 * Changes brightness, contrast, saturation and hue of each image, in this order; `torchvision.transforms.ColorJitter` does the same in random order.
 */
export class RandomColorJitter extends PixelTransformation {
  readonly #factors: Readonly<Record<keyof RandomColorJitterOptions, number>>;

  /** @throws SignetError `INVALID_ARGUMENT`. */
  constructor(options: RandomColorJitterOptions) {
    super();
    const { brightnessFactor = 0, contrastFactor = 0, saturationFactor = 0, hueFactor = 0 } = options;
    this.#factors = { brightnessFactor, contrastFactor, saturationFactor, hueFactor };
    for (const [name, factor] of Object.entries(this.#factors)) {
      const most = name === 'hueFactor' ? 0.5 : 1;
      if (factor >= 0 && factor <= most) continue;
      throw new SignetError(
        'INVALID_ARGUMENT',
        `RandomColorJitter's ${name} is from 0 to ${most}. Received: ${factor}.`,
      );
    }
  }

  /**
   * Changes the colours of each image.
   *
   * @param images float32 [n, height, width, 3], 0 to 255; so is the result.
   */
  override call(images: tf.Tensor4D, draws: Draws): tf.Tensor4D {
    const { brightnessFactor, contrastFactor, saturationFactor, hueFactor } = this.#factors;
    const each = [images.shape[0], 1, 1, 1];
    const around = (factor: number) => draws.uniform(each, 1 - factor, 1 + factor);
    let changed = images;
    if (brightnessFactor > 0) changed = blended(changed, 0, around(brightnessFactor));
    if (contrastFactor > 0) changed = blended(changed, meanLuminance(changed), around(contrastFactor));
    if (saturationFactor > 0) changed = blended(changed, luminance(changed), around(saturationFactor));
    return hueFactor > 0 ? turned(changed, draws.uniform(each, -hueFactor, hueFactor)) : changed;
  }
}

/** Turns the hues of images. @param by Fractions of the full circle, float32 [n, 1, 1, 1]. */
function turned(images: tf.Tensor4D, by: tf.Tensor): tf.Tensor4D {
  const type = [attribute.type('T', 'float32')];
  const [hue, saturation, value] = tf.split(runOp('RGBToHSV', type, [tf.div(images, 255)]), 3, 3);
  if (!hue || !saturation || !value) throw new Error('unreachable: there are three');
  const turnedHue = tf.mod(tf.add(tf.add(hue, by), 1), 1);
  const back = runOp('HSVToRGB', type, [tf.concat([turnedHue, saturation, value], 3)]);
  return tf.clipByValue<tf.Tensor4D>(tf.mul(back, 255), 0, 255);
}
