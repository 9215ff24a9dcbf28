import * as tf from '../../tensorflow/tf.js';

/** Calls a layer of one input and one output. */
export function applyLayer(layer: tf.layers.Layer, x: tf.SymbolicTensor): tf.SymbolicTensor {
  // TF.js types the result as any of what a layer may give.
  return layer.apply(x) as tf.SymbolicTensor;
}

/** Calls layers of one input and one output, each on what the one before gives. */
export function applyLayers(layers: readonly tf.layers.Layer[], x: tf.SymbolicTensor): tf.SymbolicTensor {
  return layers.reduce((from, layer) => applyLayer(layer, from), x);
}
