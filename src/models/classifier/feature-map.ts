import { inOrder, isReached } from '../../tensorflow/symbolic-tensors.js';
import * as tf from '../../tensorflow/tf.js';
import { trainedModelOf, withInput } from '../../training/tfjs-step.js';
import { callOf, callsWithin } from './network.js';

/** Two halves of a network: before and after its last feature map, or those of several stages. Both compute in inference mode. */
export interface FeatureMaps {
  /** Computes the feature maps, each float32 [n, rows, columns, channels], of images, float32 [n, height, width, 3]. */
  readonly features: (images: tf.Tensor) => tf.Tensor4D[];
  /** Computes the logits, float32 [n, classes], of the feature maps. */
  readonly logits: (features: readonly tf.Tensor[]) => tf.Tensor2D;
}

/**
 * Finds the last tensor of a network that still has more than one pixel, comes from a convolution, is not yet pooled, and carries everything that the
 * logits know about the images; also within a model that is used as a layer. It includes activations and normalizations after the convolution, and
 * branches that are joined.
 *
 * Where the logits come from the means of several feature maps, it finds these: `headFeatures: 'stages'`.
 *
 * @returns null where there is no such tensor.
 */
export function featureMapsOf(model: tf.LayersModel): FeatureMaps | null {
  const [input, ...others] = model.inputs;
  if (!input || others.length > 0) return null;
  const ofStages = mapsOfStages(model);
  if (ofStages) return ofStages;
  for (const tensor of inOrder(model.outputs).reverse()) {
    const found = isReached(input, model.outputs, tensor) ? null : (within(model, tensor) ?? at(model, tensor));
    if (found) return found;
  }
  return null;
}

/** Explains why `featureMapsOf` finds none, in words that follow a colon. */
export function whyNoFeatureMap(model: tf.LayersModel): string {
  return hasConvolution(model)
    ? 'its branches meet only where no pixels are left, so there is no last feature map that all logits depend on'
    : 'it has no convolution over rows and columns of pixels';
}

function hasConvolution(model: tf.LayersModel): boolean {
  return callsWithin(model).some(({ layer }) => isConvolution(layer));
}

/** Finds the feature maps whose means are all that the logits come from; null unless there are several. */
function mapsOfStages(model: tf.LayersModel): FeatureMaps | null {
  const joined = meansBefore(model.outputs);
  const maps = joined?.inputs.flatMap((mean) => mean.inputs) ?? [];
  if (!joined || !maps.every(isConvolved)) return null;
  // Stages of one network: what parts of an image give, such as its halves, cannot be laid over each other.
  const isOneNetwork = maps.some((last) => maps.every((map) => inOrder([last]).includes(map)));
  if (!isOneNetwork) return null;
  const layers = tf.model({ inputs: model.inputs, outputs: maps, name: `${model.name}_features` });
  return {
    features: (images) => layers.apply(images, { training: false }) as tf.Tensor4D[],
    logits: (features) => {
      const means = features.map((map) => tf.mean(map, [1, 2]));
      return after(model, joined, tf.concat(means, 1));
    },
  };
}

/** Goes back from a single tensor to one that joins the means of several, if each layer on the way takes one tensor. */
function meansBefore([tensor, ...others]: readonly tf.SymbolicTensor[]): tf.SymbolicTensor | null {
  const call = tensor && others.length === 0 ? callOf(tensor) : null;
  if (!tensor || !call) return null;
  const isMean = ({ sourceLayer }: tf.SymbolicTensor) => sourceLayer.getClassName() === 'GlobalAveragePooling2D';
  const joins = call.layer.getClassName() === 'Concatenate' && call.inputs.length > 1;
  if (joins) return call.inputs.every(isMean) ? tensor : null;
  return meansBefore(call.inputs);
}

/** Finds the feature map in a model that is used as a layer and gives the tensor. */
function within(model: tf.LayersModel, tensor: tf.SymbolicTensor): FeatureMaps | null {
  const call = callOf(tensor);
  const [input, ...others] = call?.inputs ?? [];
  if (!(call?.layer instanceof tf.LayersModel) || !input || others.length > 0 || call.outputs.length > 1) return null;
  const inner = featureMapsOf(trainedModelOf(call.layer));
  return (
    inner && {
      features: (images) => inner.features(before(model, input, images)),
      logits: (features) => after(model, tensor, inner.logits(features)),
    }
  );
}

function at(model: tf.LayersModel, tensor: tf.SymbolicTensor): FeatureMaps | null {
  const [, rows, columns, ...channels] = tensor.shape;
  const hasPixels = channels.length === 1 && (rows ?? 0) * (columns ?? 0) > 1;
  if (!hasPixels || isPooled(tensor) || !isConvolved(tensor)) return null;
  return {
    features: (images) => [before(model, tensor, images) as tf.Tensor4D],
    logits: ([features]) => after(model, tensor, features),
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
function after(model: tf.LayersModel, from: tf.SymbolicTensor, value: tf.Tensor | undefined): tf.Tensor2D {
  if (!value) throw new Error('unreachable: there is a feature map');
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
