import type * as tf from './tf.js';

/** The variables that hold the values of a layer's or a model's weights, in their order; they stay the model's. */
export function variablesOf(weights: tf.layers.Layer['weights']): tf.Variable[] {
  return weights.map((weight) => weight.read() as tf.Variable);
}
