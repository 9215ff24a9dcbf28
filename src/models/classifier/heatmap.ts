import type { ImageSize } from '../../ops/fit-images.js';
import { resizeImages } from '../../ops/resize-images.js';
import * as tf from '../../tensorflow/tf.js';
import type { FeatureMaps } from './feature-map.js';

/** Logits of images, and where in them one class of each was seen. */
export interface Heatmaps {
  /** float32 [n, height, width], 0 to 1. */
  readonly heatmap: tf.Tensor3D;
  /** int32 [n] */
  readonly classIndex: tf.Tensor1D;
  /** float32 [n, classes] */
  readonly logits: tf.Tensor2D;
}

/**
 * Computes the heat map of a class of each image by Grad-CAM with the gradient of each pixel (HiResCAM): the last feature map, multiplied by the
 * gradient of the class's logit by it, summed over the channels, without what is below 0, divided by the largest, and enlarged bilinearly to
 * the image's size. Where average pooling follows the feature map, the gradient is the same for all its pixels, which is Grad-CAM itself, and with a
 * dense layer of logits after that CAM.
 *
 * Where a head takes the means of several feature maps, the logit is the sum of what they give it: so is the heat map, in the rows and columns of the
 * finest.
 *
 * Source: Draelos and Carin, arXiv:2011.08891; Selvaraju et al., arXiv:1610.02391, for Grad-CAM; Zhou et al., arXiv:1512.04150, for CAM.
 *
 * @param images float32 [n, height, width, 3]
 * @param wanted int32 [n], the class of each image; below 0 for the most probable.
 */
export function heatmapsOf(
  maps: FeatureMaps,
  images: tf.Tensor,
  wanted: tf.Tensor,
  [height, width]: ImageSize,
): Heatmaps {
  const features = maps.features(images);
  const logits = maps.logits(features);
  const classIndex = tf.where(tf.less(wanted, 0), tf.argMax(logits, -1), wanted) as tf.Tensor1D;
  const chosen = tf.cast(tf.oneHot(classIndex, logits.shape[1]), 'float32');
  // The images of a batch do not depend on each other: the gradient of their sum contains that of each.
  const gradients = tf.grads((...xs: tf.Tensor[]) => tf.sum(tf.mul(maps.logits(xs), chosen)))(features);
  const parts = features.map((map, i) => tf.sum(tf.mul(map, gradients[i] ?? 0), -1, true) as tf.Tensor4D);
  const heat = tf.relu(inOne(parts));
  const relative = tf.divNoNan(heat, tf.max(heat, [1, 2, 3], true));
  const heatmap = tf.squeeze<tf.Tensor3D>(resizeImages(relative as tf.Tensor4D, [height, width]), [3]);
  return { heatmap, classIndex, logits };
}

/** Adds up maps of different sizes, each as what a part of the image gives, however many pixels it has there. */
function inOne(parts: readonly tf.Tensor4D[]): tf.Tensor {
  const [first, ...others] = parts;
  if (!first || others.length === 0) return first ?? tf.scalar(0);
  const [rows, columns] = [1, 2].map((axis) => Math.max(...parts.map(({ shape }) => shape[axis] ?? 0))) as [number, number]; // prettier-ignore
  return tf.addN(parts.map((part) => resizeImages(tf.mul(part, part.shape[1] * part.shape[2]), [rows, columns])));
}
