import * as tf from '../../tensorflow/tf.js';
import type { KnownSettings } from './confidence-settings.js';

/** Fraction of the weights' bytes that centroids may take. */
const mostOfWeights = 0.05;
/** More centroids per class made no measurable difference (docs/decisions/0029). */
const mostPerClass = 10;

/**
 * Returns how many centroids a model keeps at most: 10 for each class, and no more than 5 % of its weights; 0 if not even two fit.
 *
 * @param features Size of an embedding.
 */
export function mostCentroids(model: Pick<tf.LayersModel, 'weights'>, features: number, classes: number): number {
  const weights = model.weights.reduce((sum, { shape }) => sum + tf.util.sizeFromShape(shape as number[]), 0);
  const fitting = Math.floor((weights * mostOfWeights) / features);
  return fitting < 2 ? 0 : Math.min(fitting, mostPerClass * classes);
}

/**
 * Computes the distance of embeddings to the nearest centroid: one minus the cosine.
 *
 * @param embedding float32 [n, features]
 * @param centroids float32 [centroids, features], each of length 1.
 * @returns float32 [n]
 */
export function distanceToNearest(embedding: tf.Tensor2D, centroids: tf.Tensor2D): tf.Tensor1D {
  return tf.tidy(() => {
    return tf.sub(1, tf.max(tf.matMul(withLengthOne(embedding), centroids, false, true), 1));
  });
}

/** Divides the rows of a matrix by their lengths: a product of two such rows is the cosine of their angle. Rows of 0 stay 0. */
export function withLengthOne(rows: tf.Tensor): tf.Tensor2D {
  return tf.div(rows, tf.maximum(tf.sqrt(tf.sum(tf.square(rows), 1, true)), 1e-12));
}

/**
 * Divides the logits once more before the largest probability is taken: images of no class show in the differences among the other classes, which a
 * softmax hides. From Liang et al., "ODIN", https://arxiv.org/abs/1706.02690; 3 was best on training images (docs/decisions/0029).
 */
const softening = 3;

/**
 * Computes how much an image is like those of the training, 0 to 1: its largest probability, at three times the temperature, times its nearness,
 * which is 1 up to the typical distance of the validation's images, 1/2 at the distance that one in a hundred exceeds, and 0 at twice that excess.
 *
 * @param probabilities float32 [n, classes]; null where an image may have none of the classes.
 * @param distance float32 [n]; null without centroids.
 * @returns float32 [n]
 */
export function knownScore(
  probabilities: tf.Tensor | null,
  distance: tf.Tensor | null,
  { typicalDistance, farDistance }: Pick<KnownSettings, 'typicalDistance' | 'farDistance'>,
): tf.Tensor {
  return tf.tidy(() => {
    const factors = [...(probabilities ? [softened(probabilities)] : []), ...(distance ? [nearness(distance)] : [])];
    return factors.reduce((product, factor) => tf.mul(product, factor), tf.scalar(1));
  });

  function softened(of: tf.Tensor): tf.Tensor {
    // The softmax of logits that are divided: the powers of the probabilities, which add up to 1 again.
    const powers = tf.pow(of, 1 / softening);
    return tf.div(tf.max(powers, -1), tf.sum(powers, -1));
  }

  function nearness(of: tf.Tensor): tf.Tensor {
    // If all images are the same, nothing else is near.
    const range = Math.max(farDistance - typicalDistance, 1e-6);
    return tf.clipByValue(tf.sub(1, tf.div(tf.sub(of, typicalDistance), 2 * range)), 0, 1);
  }
}
