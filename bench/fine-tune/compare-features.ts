import sharp from 'sharp';

import type { InceptionModel } from '../../src/models/inception-model.js';
import * as tf from '../../src/tensorflow/tf.js';

/** How far two models are apart. */
export interface FeatureDifference {
  /** The largest difference of a feature, and the largest feature: their ratio is the relative error. */
  readonly largestDifference: number;
  readonly largestFeature: number;
  /** The largest difference between the features of two images by one model: what a comparison that sees nothing would lack. */
  readonly betweenImages: number;
}

/**
 * Sends images through two InceptionV3 up to the global average pooling: the layers model that somebody else built and trained, by
 * its own topology, and Signet's, which has its weights from a file.
 *
 * @param published Without its pooling.
 */
export async function compareFeatures(
  published: tf.LayersModel,
  own: InceptionModel,
  files: readonly string[],
): Promise<FeatureDifference> {
  const [height, width] = own.imageSize;
  const pixels = await Promise.all(files.map((file) => pixelsOf(file, width, height)));
  return tf.tidy(() => {
    const images = tf.tensor4d(Float32Array.from(pixels.flatMap((each) => [...each])), [
      files.length,
      height,
      width,
      3,
    ]);
    const scaled = tf.sub(tf.div(images, 127.5), 1);
    const features = tf.mean(published.predict(scaled) as tf.Tensor, [1, 2]);
    const ours = pooledBy(own, images);
    const largest = (x: tf.Tensor) => tf.max(tf.abs(x)).dataSync()[0] ?? NaN;
    return {
      largestDifference: largest(tf.sub(features, ours)),
      largestFeature: largest(features),
      betweenImages: largest(tf.sub(features.slice(0, 1), features.slice(1, 1))),
    };
  });
}

function pooledBy(model: tf.LayersModel, images: tf.Tensor): tf.Tensor {
  const { output } = model.getLayer('avg_pool');
  return tf.model({ inputs: model.inputs, outputs: output }).predict(images) as tf.Tensor;
}

async function pixelsOf(file: string, width: number, height: number): Promise<Uint8Array> {
  const image = sharp(file).resize(width, height, { fit: 'fill' }).toColourspace('srgb').removeAlpha();
  return image.raw().toBuffer();
}
