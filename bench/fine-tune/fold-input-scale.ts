import * as tf from '../../src/tensorflow/tf.js';

/**
 * Makes a network that takes pixels from 0 to 1 one that takes them from -1 to 1, as Keras Applications' InceptionV3 and Signet's do.
 *
 * Its first convolution sees (x + 1) / 2: half its kernel over x, and half the sum of its kernel, which the average that batch
 * normalization subtracts takes in. That is exact where the convolution pads nothing, as InceptionV3's first does not.
 */
export function foldInputScale(convolution: tf.layers.Layer, normalization: tf.layers.Layer): void {
  tf.tidy(() => {
    const [kernel] = convolution.getWeights();
    const [beta, mean, variance] = normalization.getWeights();
    if (!kernel || !beta || !mean || !variance)
      throw new Error('InceptionV3 begins with a convolution and its batch normalization.');
    const half = tf.div(kernel, 2);
    convolution.setWeights([half]);
    normalization.setWeights([beta, tf.sub(mean, tf.sum(half, [0, 1, 2])), variance]);
  });
}
