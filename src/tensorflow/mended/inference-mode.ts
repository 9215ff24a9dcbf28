import type * as tf from '../loading/library.js';

const layers = new WeakSet<object>();

/**
 * Keeps a layer of batch normalization in inference mode while it is trained: it normalizes with its moving averages and leaves them
 * alone, and its `gamma` and `beta` are trained. Keras does so with a backbone that is called with `training=False`.
 */
export function keepInInferenceMode(layer: tf.layers.Layer): void {
  layers.add(layer);
}

/** Whether `keepInInferenceMode` was called with the layer. */
export function staysInInferenceMode(layer: object): boolean {
  return layers.has(layer);
}
