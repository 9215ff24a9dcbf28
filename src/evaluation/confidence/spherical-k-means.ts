import { createRandom, shuffled } from '../../data/dataset/random.js';
import { withLengthOne } from '../../models/classifier/known-images.js';
import * as tf from '../../tensorflow/tf.js';

/** Steps, after which centroids hardly move. */
const steps = 12;

/**
 * Finds directions that represent many: centroids of length 1, each the mean direction of the points that are nearest to it by cosine.
 *
 * Source: spherical k-means of Dhillon and Modha, "Concept Decompositions for Large Sparse Text Data Using Clustering", Machine Learning
 * 42 (2001). It starts from points that are drawn by the seed.
 *
 * @param points float32 [n, features]
 * @param k At most as many centroids; fewer where there are fewer points.
 * @returns float32 [centroids, features]; the caller owns it.
 */
export function sphericalKMeans(points: tf.Tensor2D, k: number, seed: number): tf.Tensor2D {
  const [n] = points.shape;
  return tf.tidy(() => {
    const directions = withLengthOne(points);
    const first = shuffled(Array.from({ length: n }, (_, i) => i), createRandom(seed)).slice(0, k); // prettier-ignore
    let centroids = tf.gather(directions, first);
    for (let step = 0; step < steps; step += 1) centroids = tf.tidy(() => moved(directions, centroids));
    return centroids;
  });
}

/** Each centroid at the mean of its points; one without any stays. */
function moved(directions: tf.Tensor2D, centroids: tf.Tensor2D): tf.Tensor2D {
  const cosines = tf.matMul(directions, centroids, false, true);
  // One-hot rows that also work for a single centroid, which tf.oneHot refuses.
  const nearest = tf.expandDims(tf.argMax(cosines, 1), 1);
  const member = tf.cast<tf.Tensor2D>(tf.equal(nearest, tf.range(0, centroids.shape[0], 1, 'int32')), 'float32');
  const sums = tf.matMul(member, directions, true);
  const isEmpty = tf.equal(tf.sum(member, 0), 0);
  return withLengthOne(tf.where(tf.expandDims(isEmpty, 1), centroids, sums));
}
