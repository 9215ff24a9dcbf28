import * as tf from '../../tensorflow/tf.js';
import { Dropout } from './dropout.js';
import { headNames } from './include-top.js';

/** Calls a layer of one input and one output. */
export function applyLayer(layer: tf.layers.Layer, x: tf.SymbolicTensor): tf.SymbolicTensor {
  return layer.apply(x) as tf.SymbolicTensor;
}

/** What is between features and logits. */
export interface HeadOptions {
  /** Part of the features that are dropped while training. Default: 0. */
  readonly dropout?: number;
  /** Draws what is dropped. Default: another draw each time. */
  readonly seed?: number | undefined;
  /** Whether the last layer is named as in Keras Applications; see IncludeTopOptions. Default: false. */
  readonly includeTop?: boolean;
}

/** What every backbone ends with: average pooling, dropout if any is wanted, and a dense layer of logits. */
export function logitsOf(
  features: tf.SymbolicTensor,
  classes: number,
  { dropout = 0, seed, includeTop = false }: HeadOptions = {},
): tf.SymbolicTensor {
  const name = includeTop ? headNames.keras : headNames.own;
  const head = [
    tf.layers.globalAveragePooling2d({ name: 'avg_pool' }),
    ...(dropout > 0 ? [new Dropout({ rate: dropout, seed, name: 'dropout' })] : []),
    tf.layers.dense({ units: classes, kernelInitializer: 'glorotUniform', name }),
  ];
  return head.reduce((x, layer) => applyLayer(layer, x), features);
}

/** Pixels of 0 to 255 as these backbones expect them, in -1 to 1. */
export function rescaled(images: tf.SymbolicTensor): tf.SymbolicTensor {
  return applyLayer(tf.layers.rescaling({ scale: 1 / 127.5, offset: -1, name: 'rescaling' }), images);
}
