import { SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';
import type { Augmentation } from '../augmentation/augmentation.js';
import type { Step } from '../tfjs-step.js';
import { drawing } from './training-step.js';

/** Makes a step that takes the augmented images. */
export function augmented(augment: (data: tf.Tensor[]) => tf.Tensor[], step: Step): Step {
  return (data) => {
    const changed = augment(data);
    try {
      return step(changed);
    } finally {
      tf.dispose(changed);
    }
  };
}

/**
 * Images and labels in; the changed images and the labels out, then, if images are mixed, the labels of the others and the shares of the images
 * themselves.
 *
 * @param randomStep Number that its draws depend on, an int32 scalar. Default: the optimizer's count of steps.
 * @throws SignetError `INVALID_ARGUMENT` for a model that is not a classifier of images.
 */
export function augmentingStep(
  model: tf.LayersModel,
  augmentation: Augmentation,
  randomStep?: tf.Tensor,
): (data: tf.Tensor[]) => tf.Tensor[] {
  checkTakesImages(model);
  const augment = ([xs, ys]: tf.Tensor[]) => {
    const { images, partners, weights } = augmentation.call(xs as tf.Tensor4D);
    const labels = tf.clone(ys as tf.Tensor1D | tf.Tensor2D);
    return partners && weights ? [images, labels, tf.gather(labels, partners), weights] : [images, labels];
  };
  return drawing(model, (data) => tf.tidy(() => augment(data)), randomStep);
}

function checkTakesImages({ inputs, outputs }: tf.LayersModel): void {
  if (inputs.length === 1 && outputs.length === 1 && inputs[0]?.shape.length === 4) return;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `augmentation is for models with one input of images [n, height, width, channels] and one output. Received: ` +
      `${inputs.map(({ shape }) => `[${shape.map((size) => size ?? 'n').join(', ')}]`).join(' and ')}, ${outputs.length} output(s).`,
  );
}
