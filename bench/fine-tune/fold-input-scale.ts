import * as tf from '../../src/tensorflow/tf.js';

/**
 * Turns a network for pixels from 0 to 1 into one for pixels from -1 to 1, which Keras Applications' InceptionV3 and Signet's take.
 *
 * The first convolution of (x + 1) / 2 is half the kernel over x, plus a constant, half the sum of the kernel, by which the average that batch
 * normalization subtracts is reduced. This is exact for a convolution without padding, such as InceptionV3's first.
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
