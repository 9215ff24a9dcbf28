import { inOrder, isReached } from '../../tensorflow/symbolic-tensors.js';
import * as tf from '../../tensorflow/tf.js';
import { trainedModelOf, withInput } from '../../training/tfjs-step.js';
import { callOf, callsWithin } from './network.js';

/** Two halves of a network: before and after its last feature map. Both compute in inference mode. */
export interface FeatureMap {
  /** Computes the feature map, float32 [n, rows, columns, channels], of images, float32 [n, height, width, 3]. */
  readonly features: (images: tf.Tensor) => tf.Tensor4D;
  /** Computes the logits, float32 [n, classes], of a feature map. */
  readonly logits: (features: tf.Tensor) => tf.Tensor2D;
}

/**
 * Finds the last tensor of a network that still has more than one pixel, comes from a convolution, is not yet pooled, and carries everything that the
 * logits know about the images; also within a model that is used as a layer. It includes activations and normalizations after the convolution, and
 * branches that are joined.
 *
 * @returns null where there is no such tensor.
 */
export function featureMapOf(model: tf.LayersModel): FeatureMap | null {
  const [input, ...others] = model.inputs;
  if (!input || others.length > 0) return null;
  for (const tensor of inOrder(model.outputs).reverse()) {
    const found = isReached(input, model.outputs, tensor) ? null : (within(model, tensor) ?? at(model, tensor));
    if (found) return found;
  }
  return null;
}

/** Explains why `featureMapOf` finds none, in words that follow a colon. */
export function whyNoFeatureMap(model: tf.LayersModel): string {
  return hasConvolution(model)
    ? 'its branches meet only where no pixels are left, so there is no last feature map that all logits depend on'
    : 'it has no convolution over rows and columns of pixels';
}

function hasConvolution(model: tf.LayersModel): boolean {
  return callsWithin(model).some(({ layer }) => isConvolution(layer));
}

/** Finds the feature map in a model that is used as a layer and gives the tensor. */
function within(model: tf.LayersModel, tensor: tf.SymbolicTensor): FeatureMap | null {
  const call = callOf(tensor);
  const [input, ...others] = call?.inputs ?? [];
  if (!(call?.layer instanceof tf.LayersModel) || !input || others.length > 0 || call.outputs.length > 1) return null;
  const inner = featureMapOf(trainedModelOf(call.layer));
  return (
    inner && {
      features: (images) => inner.features(before(model, input, images)),
      logits: (features) => after(model, tensor, inner.logits(features)),
    }
  );
}

function at(model: tf.LayersModel, tensor: tf.SymbolicTensor): FeatureMap | null {
  const [, rows, columns, ...channels] = tensor.shape;
  const hasPixels = channels.length === 1 && (rows ?? 0) * (columns ?? 0) > 1;
  if (!hasPixels || isPooled(tensor) || !isConvolved(tensor)) return null;
  return {
    features: (images) => before(model, tensor, images) as tf.Tensor4D,
    logits: (features) => after(model, tensor, features),
  };
}

/** Computes a tensor of a model from its images. */
function before({ inputs, name }: tf.LayersModel, output: tf.SymbolicTensor, images: tf.Tensor): tf.Tensor {
  if (inputs.includes(output)) return images;
  return tf
    .model({ inputs, outputs: output, name: `${name}_features` })
    .apply(images, { training: false }) as tf.Tensor;
}

/** Computes the output of a model from a tensor within it. */
function after(model: tf.LayersModel, from: tf.SymbolicTensor, value: tf.Tensor): tf.Tensor2D {
  // A model returns a list of its outputs, whatever the typings say.
  const [output] = withInput(model, from, () => model.call(value, { training: false })) as tf.Tensor[];
  if (!output) throw new Error('unreachable: a classifier has an output');
  return output as tf.Tensor2D;
}

/** Checks whether a tensor comes from a convolution with pooling after it. */
function isPooled(tensor: tf.SymbolicTensor): boolean {
  const call = callOf(tensor);
  if (!call || isConvolution(call.layer)) return false;
  if (/Pooling/.test(call.layer.getClassName())) return true;
  const [input, ...others] = call.inputs;
  return input !== undefined && others.length === 0 && isPooled(input);
}

function isConvolved(tensor: tf.SymbolicTensor): boolean {
  return inOrder([tensor]).some(
    ({ sourceLayer }) =>
      isConvolution(sourceLayer) || (sourceLayer instanceof tf.LayersModel && hasConvolution(sourceLayer)),
  );
}

function isConvolution(layer: tf.layers.Layer): boolean {
  return /Conv2D/.test(layer.getClassName());
}
