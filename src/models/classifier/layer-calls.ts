import * as tf from '../../tensorflow/tf.js';

/** Calls a layer of one input and one output. */
export function applyLayer(layer: tf.layers.Layer, x: tf.SymbolicTensor): tf.SymbolicTensor {
  // TF.js types the result as anything that a layer may return.
  return layer.apply(x) as tf.SymbolicTensor;
}

/** Calls layers of one input and one output, each on the result of the one before. */
export function applyLayers(layers: readonly tf.layers.Layer[], x: tf.SymbolicTensor): tf.SymbolicTensor {
  return layers.reduce((from, layer) => applyLayer(layer, from), x);
}
