import * as tf from '../../tensorflow/tf.js';
import { callOf } from './network.js';

/** Computes the embedding of images, float32 [n, height, width, 3], in inference mode: float32 [n, ...]. */
export type Embed = (images: tf.Tensor) => tf.Tensor;

/**
 * Finds what goes into the last layer of a classifier that has weights and gives the logits, also where that layer stands in a model that
 * is used as a layer.
 *
 * Layers after it that have no weights, and normalizations, do not count.
 *
 * @returns null where the logits do not come from one such layer, or it takes several tensors: where branches are merged at the end.
 */
export function embeddingOf(model: tf.LayersModel): Embed | null {
  const head = headOf(model.outputs);
  if (!head || model.inputs.length > 1) return null;
  const before = upTo(model, head.input);
  if (!(head.layer instanceof tf.LayersModel)) return before;
  const inner = embeddingOf(head.layer);
  return inner && ((images) => inner(before(images)));
}

/** Goes back from the only one of some tensors to the layer that has weights, if each layer on the way takes one tensor. */
function headOf([tensor, ...others]: readonly tf.SymbolicTensor[]): {
  layer: tf.layers.Layer;
  input: tf.SymbolicTensor;
} | null {
  const call = tensor && others.length === 0 ? callOf(tensor) : null;
  if (!call) return null;
  const [input, ...more] = call.inputs;
  if (!input || more.length > 0) return null;
  return givesLogits(call.layer) ? { layer: call.layer, input } : headOf(call.inputs);
}

function givesLogits(layer: tf.layers.Layer): boolean {
  return layer.weights.length > 0 && !layer.getClassName().endsWith('Normalization');
}

function upTo({ inputs, name }: tf.LayersModel, output: tf.SymbolicTensor): Embed {
  if (inputs.includes(output)) return (images) => images;
  const layers = tf.model({ inputs, outputs: output, name: `${name}_embedding` });
  return (images) => layers.apply(images, { training: false }) as tf.Tensor;
}
