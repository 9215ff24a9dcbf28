import { inOrder, isReached } from '../../tensorflow/symbolic-tensors.js';
import type * as tf from '../../tensorflow/tf.js';

/** The part of a model before its first trained layer, which returns the same for an image in every epoch. */
export interface FrozenPrefix {
  /** Its only output, on which everything that is trained depends. */
  readonly output: tf.SymbolicTensor;
  /** Shape of the output for one image. */
  readonly shape: readonly number[];
  /** Name of the layer that computes it. */
  readonly layer: string;
}

/**
 * Layers that return the same for the same input if their weights are frozen, since they draw nothing at random. A layer that is not in the list,
 * such as a user's own, ends the prefix.
 */
const deterministic = new Set([
  ...['InputLayer', 'Conv2D', 'DepthwiseConv2D', 'SeparableConv2D', 'Conv2DTranspose', 'Dense', 'BatchNormalization'],
  ...['LayerNormalization', 'Activation', 'ReLU', 'LeakyReLU', 'PReLU', 'ELU', 'ThresholdedReLU', 'Softmax'],
  ...['ZeroPadding2D', 'Cropping2D', 'UpSampling2D', 'MaxPooling2D', 'AveragePooling2D', 'GlobalAveragePooling2D'],
  ...['GlobalMaxPooling2D', 'Flatten', 'Reshape', 'Permute', 'Add', 'Multiply', 'Average', 'Maximum', 'Minimum'],
  ...[
    'Concatenate',
    'Rescaling',
    'Resizing',
    'CenterCrop',
    'SignetHardSigmoid',
    'SignetHardSwish',
    'SignetNormalization',
  ],
]);

/**
 * Finds the last tensor of a model that is computed by frozen layers only and that everything trained depends on.
 *
 * @returns Null when there is no layer with weights before it, or when the model has several inputs, or sizes that are known only later.
 */
export function findFrozenPrefix(model: tf.LayersModel): FrozenPrefix | null {
  const [input] = model.inputs;
  if (!input || model.inputs.length !== 1) return null;
  const tensors = inOrder(model.outputs);
  const frozen = new Set<tf.SymbolicTensor>();
  for (const tensor of tensors) if (isFrozen(tensor, frozen)) frozen.add(tensor);
  const output = tensors.findLast((tensor) => frozen.has(tensor) && !isReached(input, model.outputs, tensor));
  if (!output || !inOrder([output]).some(({ sourceLayer }) => sourceLayer.weights.length > 0)) return null;
  const shape = output.shape.slice(1);
  return shape.every((size) => size !== null) ? { output, shape, layer: output.sourceLayer.name } : null;
}

/** Whether a tensor is computed by frozen layers only, and so are its inputs. */
function isFrozen({ sourceLayer, inputs }: tf.SymbolicTensor, frozen: ReadonlySet<tf.SymbolicTensor>): boolean {
  const { trainableWeights } = sourceLayer;
  const isSame = deterministic.has(sourceLayer.getClassName()) && trainableWeights.length === 0;
  return isSame && inputs.every((input) => frozen.has(input));
}
