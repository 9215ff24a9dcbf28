import type * as tf from './tf.js';

/** Returns the variables that hold the values of a layer's or a model's weights, in their order; they stay the model's. */
export function variablesOf(weights: tf.layers.Layer['weights']): tf.Variable[] {
  return weights.map((weight) => weight.read() as tf.Variable);
}

/**
 * Returns the weights of a layer or model in the order that `weights` has while nothing is frozen: TF.js moves the weights of a frozen layer to the
 * end there, and code that finds a weight by its position would get another one.
 */
export function weightsInOrder(layer: tf.layers.Layer): tf.layers.Layer['weights'] {
  const frozen = withThoseInside(layer).filter(({ trainable }) => !trainable);
  frozen.forEach((each) => (each.trainable = true));
  try {
    return layer.weights;
  } finally {
    frozen.forEach((each) => (each.trainable = false));
  }
}

function withThoseInside(layer: tf.layers.Layer): tf.layers.Layer[] {
  const inside = 'layers' in layer ? (layer.layers as tf.layers.Layer[]) : [];
  return [layer, ...inside.flatMap(withThoseInside)];
}
