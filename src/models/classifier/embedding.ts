import * as tf from '../../tensorflow/tf.js';
import { callOf } from './network.js';

/** The results of a network for images. */
export interface EmbeddedAnswer {
  /** float32 [n, features] */
  readonly embedding: tf.Tensor2D;
  /** float32 [n, classes] */
  readonly logits: tf.Tensor;
}

/** Logits of images, and their embeddings where the network has any. */
export interface ClassifierAnswer extends Pick<EmbeddedAnswer, 'logits'> {
  /** float32 [n, features], or null. */
  readonly embedding: tf.Tensor2D | null;
}

/**
 * Result of `embedImage`.
 *
 * A type and not an interface: results of a tf function need an index signature.
 */
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- see above
export type Embeddings = {
  /** float32 [n, features] */
  readonly embedding: tf.Tensor;
};

/** A network that gives the embedding of images and the logits in one pass. */
export interface EmbeddingNetwork {
  /** Size of an embedding. */
  readonly features: number;
  /** Computes both, in inference mode. */
  readonly answer: (images: tf.Tensor) => EmbeddedAnswer;
}

/** Computes the embedding of images, float32 [n, height, width, 3], in inference mode: float32 [n, ...]. */
export type Embed = (images: tf.Tensor) => tf.Tensor;

/**
 * Finds the input of a classifier's last layer with weights, which gives the logits; also if that layer is in a model that is used as a layer.
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

/** Finds the same, together with the logits. @returns null in the same cases, and if the size of an embedding is not known. */
export function embeddingNetworkOf(model: tf.LayersModel): EmbeddingNetwork | null {
  const head = headOf(model.outputs);
  if (!head || model.inputs.length > 1) return null;
  const { layer, after } = head;
  const before = upTo(model, head.input);
  const apply = (input: tf.Tensor, by: tf.layers.Layer) => by.apply(input, { training: false }) as tf.Tensor;
  const finish = (output: tf.Tensor) => after.reduce(apply, output);
  if (layer instanceof tf.LayersModel) {
    const inner = embeddingNetworkOf(layer);
    if (!inner) return null;
    const answer = (images: tf.Tensor) => {
      const { embedding, logits } = inner.answer(before(images));
      return { embedding, logits: finish(logits) };
    };
    return { features: inner.features, answer };
  }
  const sizes = head.input.shape.slice(1);
  if (!sizes.every((size) => size !== null)) return null;
  const features = tf.util.sizeFromShape(sizes);
  const answer = (images: tf.Tensor) => {
    const embedding = before(images);
    const flat = tf.reshape(embedding, [images.shape[0], features]) as tf.Tensor2D;
    return { embedding: flat, logits: finish(apply(embedding, layer)) };
  };
  return { features, answer };
}

/** Goes back from a single tensor to the layer that has weights, if each layer on the way takes one tensor. */
function headOf([tensor, ...others]: readonly tf.SymbolicTensor[]): {
  layer: tf.layers.Layer;
  input: tf.SymbolicTensor;
  /** Layers without weights that follow, in their order. */
  after: readonly tf.layers.Layer[];
} | null {
  const call = tensor && others.length === 0 ? callOf(tensor) : null;
  if (!call) return null;
  const [input, ...more] = call.inputs;
  if (!input || more.length > 0) return null;
  if (givesLogits(call.layer)) return { layer: call.layer, input, after: [] };
  const head = headOf(call.inputs);
  return head && { ...head, after: [...head.after, call.layer] };
}

function givesLogits(layer: tf.layers.Layer): boolean {
  return layer.weights.length > 0 && !layer.getClassName().endsWith('Normalization');
}

function upTo({ inputs, name }: tf.LayersModel, output: tf.SymbolicTensor): Embed {
  if (inputs.includes(output)) return (images) => images;
  const layers = tf.model({ inputs, outputs: output, name: `${name}_embedding` });
  return (images) => layers.apply(images, { training: false }) as tf.Tensor;
}
