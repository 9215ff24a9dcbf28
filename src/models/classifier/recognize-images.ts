import type { TopLabels } from '../../ops/labels.js';
import * as tf from '../../tensorflow/tf.js';
import type { ConfidenceSettings } from './confidence-settings.js';
import { distanceToNearest, knownScore } from './known-images.js';

/** A network's results for images, and what `serving_labels` returns for them. */
export interface RecognizedImages {
  /** float32 [n, classes] */
  readonly probabilities: tf.Tensor;
  /** float32 [n, features]; null where no centroids are kept. */
  readonly embedding: tf.Tensor2D | null;
  readonly labels: Readonly<Record<keyof TopLabels, tf.Tensor>>;
}

/**
 * Returns the outputs of `serving_known`: those of `serving_labels` and, for each image, `confidence`, the largest probability; `distance` to the
 * nearest centroid of the training's images; `known_score` and `is_known`, whether it reaches its threshold; and `is_sure`, as far as thresholds were
 * chosen.
 */
export function recognitionOf(
  { probabilities, embedding, labels }: RecognizedImages,
  { known, sure }: ConfidenceSettings,
  { multiLabel, centroids }: { readonly multiLabel: boolean; readonly centroids: tf.Tensor2D | null },
): Record<string, tf.Tensor> {
  const confidence = tf.max(probabilities, -1);
  const distance = embedding && centroids && distanceToNearest(embedding, centroids);
  // An image may have none of the classes and yet be of the kind that the model knows.
  const score = known && knownScore(multiLabel ? null : probabilities, distance, known);
  return {
    ...labels,
    confidence,
    ...(distance && { distance }),
    ...(known && score && { known_score: score, is_known: tf.greaterEqual(score, known.threshold) }),
    ...(sure && { is_sure: tf.greaterEqual(confidence, sure.threshold) }),
  };
}
