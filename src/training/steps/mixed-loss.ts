import * as tf from '../../tensorflow/tf.js';
import type { Loss } from '../losses.js';

/** Labels of the images that were mixed in, and the shares of the original images. */
export interface Mix {
  /** int32 [n], or [n, classes] where an image may have several */
  readonly partnerLabels: tf.Tensor;
  /** float32 [n]: the share of the image itself. */
  readonly weights: tf.Tensor;
}

/**
 * The loss of images that are mixed from two: the losses for both labels, in the proportion of the mixture. For
 * cross-entropy, which is linear in the labels, that is the loss of the mixed label.
 *
 * @param weigh Returns how much images count by their labels, float32 [n]. Default: all the same.
 */
export function mixedLoss(loss: Loss, { partnerLabels, weights }: Mix, weigh?: (labels: tf.Tensor) => tf.Tensor): Loss {
  const weighed: Loss = (labels, predictions) => {
    const of = loss(labels, predictions);
    return weigh ? tf.mul(of, weigh(labels)) : of;
  };
  return (labels, predictions) =>
    tf.add(
      tf.mul(weighed(labels, predictions), weights),
      tf.mul(weighed(partnerLabels, predictions), tf.sub(1, weights)),
    );
}
