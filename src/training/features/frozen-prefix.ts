import * as tf from '../../tensorflow/tf.js';

/** The part of a model before its first trained layer, which gives the same for an image in every epoch. */
export interface FrozenPrefix {
  /** Its one output, on which all that is trained depends. */
  readonly output: tf.SymbolicTensor;
  /** Shape of the output for one image. */
  readonly shape: readonly number[];
  /** Name of the layer that gives it. */
  readonly layer: string;
}

/**
 * Layers that give the same for the same input wherever their weights are frozen: they draw nothing at random. A layer that is not in the
 * list, such as a user's own, ends the prefix.
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
 * Finds the last tensor of a model that only frozen layers make and that everything trained depends on.
 *
 * @returns Null when no layer with weights lies before it, or when the model has several inputs, or sizes that are known only later.
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

/** Whether a tensor is made by frozen layers alone: of inputs that are. */
function isFrozen({ sourceLayer, inputs }: tf.SymbolicTensor, frozen: ReadonlySet<tf.SymbolicTensor>): boolean {
  const { trainableWeights } = sourceLayer;
  const isSame = deterministic.has(sourceLayer.getClassName()) && trainableWeights.length === 0;
  return isSame && inputs.every((input) => frozen.has(input));
}

/** The tensors that some depend on, each after those that it is made of. */
function inOrder(from: readonly tf.SymbolicTensor[]): tf.SymbolicTensor[] {
  const seen = new Set<tf.SymbolicTensor>();
  const visit = (tensor: tf.SymbolicTensor, after: tf.SymbolicTensor[]) => {
    if (seen.has(tensor)) return;
    seen.add(tensor);
    for (const input of tensor.inputs) visit(input, after);
    after.push(tensor);
  };
  const ordered: tf.SymbolicTensor[] = [];
  for (const tensor of from) visit(tensor, ordered);
  return ordered;
}

/** Whether the outputs depend on the input along a path without a tensor. */
function isReached(
  input: tf.SymbolicTensor,
  outputs: readonly tf.SymbolicTensor[],
  without: tf.SymbolicTensor,
): boolean {
  const seen = new Set<tf.SymbolicTensor>([without]);
  const waiting = [...outputs];
  for (let tensor = waiting.pop(); tensor; tensor = waiting.pop()) {
    if (seen.has(tensor)) continue;
    if (tensor === input) return true;
    seen.add(tensor);
    waiting.push(...tensor.inputs);
  }
  return false;
}
