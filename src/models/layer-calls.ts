import * as tf from '../tensorflow/tf.js';
import { headNames } from './include-top.js';

/** Calls a layer of one input and one output. */
export function applyLayer(layer: tf.layers.Layer, x: tf.SymbolicTensor): tf.SymbolicTensor {
  return layer.apply(x) as tf.SymbolicTensor;
}

/** What every backbone ends with: average pooling and a dense layer of logits. */
export function logitsOf(features: tf.SymbolicTensor, classes: number, includeTop = false): tf.SymbolicTensor {
  const pooled = applyLayer(tf.layers.globalAveragePooling2d({ name: 'avg_pool' }), features);
  const name = includeTop ? headNames.keras : headNames.own;
  return applyLayer(tf.layers.dense({ units: classes, kernelInitializer: 'glorotUniform', name }), pooled);
}

/** Pixels of 0 to 255 as these backbones expect them, in -1 to 1. */
export function rescaled(images: tf.SymbolicTensor): tf.SymbolicTensor {
  return applyLayer(tf.layers.rescaling({ scale: 1 / 127.5, offset: -1, name: 'rescaling' }), images);
}
