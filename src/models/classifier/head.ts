import { inOrder } from '../../tensorflow/symbolic-tensors.js';
import * as tf from '../../tensorflow/tf.js';
import { Dropout } from './dropout.js';
import { applyLayer, applyLayers } from './layer-calls.js';

/** Names of the last layer: Signet's own, and the one in Keras Applications. */
export const headNames = { own: 'logits', keras: 'predictions' } as const;

/**
 * Names of the last layer in published weight files. Those of Keras's MobileNetV2 are older than Keras's own code for it, and
 * say `Logits`: keras-applications 1.0.2, keras_applications/mobilenet_v2.py. `_fc` is that of PyTorch's EfficientNet-Lite.
 */
export const publishedHeadNames: readonly string[] = [headNames.keras, 'Logits', '_fc'];

/** Names of the layers around a backbone: the ones that prepare its images, and the first of its head. */
export const aroundBackbone = { before: ['rescaling', 'normalization'], after: 'avg_pool' } as const;

/** Options of a backbone's head. */
export interface HeadOptions {
  /** Share of the features that is dropped while training, 0 to less than 1. */
  readonly dropout: number;
  /** Seed of what is dropped. Default: something else each time. */
  readonly seed: number | undefined;
  /** Whether the last layer is named as in Keras Applications; see BackboneOptions. */
  readonly includeTop: boolean;
  /** Layers between the pooling and the dropout. */
  readonly beforeLogits: readonly tf.layers.Layer[];
  /** Names of earlier layers whose outputs, [n, h, w, channels], are pooled too and appended to the features. */
  readonly stages: readonly string[];
}

/**
 * Builds the head that every backbone ends with: average pooling, the family's own layers, the pooled outputs of stages and dropout if there are any,
 * and a dense layer of logits.
 */
export function logitsOf(
  features: tf.SymbolicTensor,
  classes: number,
  { dropout, seed, includeTop, beforeLogits, stages }: HeadOptions,
): tf.SymbolicTensor {
  const name = includeTop ? headNames.keras : headNames.own;
  const pooling = tf.layers.globalAveragePooling2d({ name: aroundBackbone.after });
  const dropping = dropout > 0 ? [new Dropout({ rate: dropout, seed, name: 'dropout' })] : [];
  const logits = tf.layers.dense({ units: classes, kernelInitializer: 'glorotUniform', name });
  const pooled = withStages(applyLayers([pooling, ...beforeLogits], features), features, stages);
  return applyLayers([...dropping, logits], pooled);
}

/** Appends the means of earlier feature maps, each over its rows and columns, to the features of an image. */
function withStages(pooled: tf.SymbolicTensor, last: tf.SymbolicTensor, stages: readonly string[]): tf.SymbolicTensor {
  if (stages.length === 0) return pooled;
  const maps = new Map(inOrder([last]).map((tensor) => [tensor.sourceLayer.name, tensor]));
  const means = stages.map((layer) => {
    const map = maps.get(layer);
    if (!map) throw new Error(`unreachable: the backbone has no layer "${layer}"`);
    return applyLayer(tf.layers.globalAveragePooling2d({ name: `${layer}_avg_pool` }), map);
  });
  return tf.layers.concatenate({ name: 'all_stages' }).apply([pooled, ...means]) as tf.SymbolicTensor;
}

/** Scales pixels of 0 to 255 to -1 to 1, as most backbones expect them. */
export function rescaled(images: tf.SymbolicTensor): tf.SymbolicTensor {
  return applyLayer(tf.layers.rescaling({ scale: 1 / 127.5, offset: -1, name: aroundBackbone.before[0] }), images);
}
