import { InceptionModel } from '../../src/models/inception-model.js';
import { loadKerasWeights } from '../../src/models/keras/load-keras-weights.js';
import * as tf from '../../src/tensorflow/tf.js';
import { writeLegacyWeights } from '../../test/helpers/models/write-legacy-weights.js';
import { loadBundledInception } from './bundled-inception.js';
import { compareFeatures, readPixels } from './compare-features.js';
import { foldInputScale } from './fold-input-scale.js';

/** The largest difference of a feature, relative to the largest feature, that still counts as rounding. */
const mostDifference = 1e-3;
/** The last layer of the backbone, before its average pooling. */
const last = 'mixed10';
const size = 299;

/**
 * Writes the weights of the bundled InceptionV3 in the form in which Keras publishes a backbone's. Compares the features of images that the bundled
 * network computes, as TF.js loaded it and with the pixels that it was trained on, with those that Signet's computes with the written weights.
 *
 * @param file The weight file to write.
 * @param images Files of at least two images.
 * @throws if the two differ.
 */
export async function proveWeights(file: string, images: readonly string[]): Promise<void> {
  const pixels = await readPixels(images, size);
  const expected = await writeWeights(file, pixels);
  const own = new InceptionModel({ classNames: ['a', 'b'], seed: 1 });
  const { by, loaded } = await loadKerasWeights(own, file);
  const pooled = tf.model({ inputs: own.inputs, outputs: own.getLayer('avg_pool').output });
  const received = pooled.predict(pixels) as tf.Tensor;
  const { relative, betweenImages } = compareFeatures(expected, received);
  tf.dispose([pixels, expected, received]);
  own.dispose();
  console.log(
    `weights of ${loaded.length} layers, by ${by}; features of ${images.length} photographs at ${size} x ${size}:`,
  );
  console.log(`  largest difference: ${relative.toExponential(1)} of the largest feature`);
  console.log(`  (two photographs differ by up to ${betweenImages.toFixed(2)} of it)`);
  if (!(relative <= mostDifference))
    throw new Error(`The features differ by more than ${mostDifference} of the largest.`);
}

/** @returns the features that the model with the written weights computes, [n, 2048]. */
async function writeWeights(file: string, pixels: tf.Tensor): Promise<tf.Tensor> {
  const model = await loadBundledInception();
  // As Keras publishes a backbone: without the head.
  const backbone = tf.model({ inputs: model.inputs, outputs: model.getLayer(last).output });
  const features = tf.tidy(() => tf.mean(backbone.predict(tf.div(pixels, 255)) as tf.Tensor, [1, 2]));
  foldInputScale(model.getLayer('conv2d_1'), model.getLayer('batch_normalization_1'));
  await writeLegacyWeights(backbone, file);
  model.dispose();
  return features;
}
