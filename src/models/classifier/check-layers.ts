import { SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';
import { callOf, callsWithin } from './network.js';

/**
 * Checks that a model's layers make a classifier.
 *
 * @param modelType The class, for messages.
 * @throws SignetError `INVALID_ARGUMENT` when images are too small for them, or they do not end with one tensor of logits.
 */
export function checkLayers(model: tf.LayersModel, modelType: string, classes: number): void {
  const problem = tooSmall(model, modelType) ?? noLogits(model, modelType, classes);
  if (problem !== null) throw new SignetError('INVALID_ARGUMENT', problem);
}

/** Finds layers without pixels: TF.js silently computes sizes of zero and less, and fails when it runs. */
function tooSmall(model: tf.LayersModel, modelType: string): string | null {
  const tensors = callsWithin(model).flatMap(({ layer, outputs }) => outputs.map((output) => ({ layer, output })));
  const first = tensors.find(({ output }) => output.shape.some((size) => size !== null && size <= 0));
  if (!first) return null;
  const [, height, width] = model.inputs[0]?.shape ?? [];
  const { layer, output } = first;
  return (
    `Images of ${height} x ${width} pixels are too small for ${modelType}: nothing is left of them in its layer "${layer.name}", ` +
    `${shapeText(output)}. Give a larger inputHeight and inputWidth (--input-height, --input-width).`
  );
}

function noLogits({ outputs }: tf.LayersModel, modelType: string, classes: number): string | null {
  const expected = `[?, ${classes}]`;
  const shapes = outputs.map(shapeText);
  const [logits] = outputs;
  if (!logits || shapes.length !== 1 || shapes[0] !== expected) {
    return (
      `A classifier of ${classes} classes gives one tensor of logits, ${expected}. Received from ${modelType}: ` +
      `${shapes.join(' and ') || 'nothing'}. End it with flatten or average pooling and dense({ units: classes }).`
    );
  }
  const bounded = boundedBy(logits);
  if (!bounded) return null;
  const { activation, layer } = bounded;
  const why =
    activation === 'softmax'
      ? 'softmax is applied to them in the loss and in serving_labels, and applied twice it gives wrong probabilities'
      : `softmax is applied to them in the loss and in serving_labels, and of values within the bounds of ${activation} it makes no high probability`;
  return (
    `A classifier gives logits: ${why}. Received from ${modelType}: ${activation} at its end, in the layer "${layer.name}". ` +
    'Leave it out: dense({ units: classes }).'
  );
}

/** Activations whose values lie between -1 and 1; `logSoftmax` is not one of them: its results are valid logits, since softmax undoes it. */
const boundedActivations: ReadonlySet<unknown> = new Set(['softmax', 'sigmoid', 'hardSigmoid', 'tanh', 'softsign']);
/** Layers whose results stay within the bounds of their inputs. */
const keepsBounds =
  /^(?:Reshape|Flatten|Permute|RepeatVector|Activation|Average|Maximum|Minimum|Multiply|Concatenate|(?:Spatial)?Dropout(?:1D|2D)?|SignetDropout|(?:Global)?(?:Average|Max)Pooling[123]D)$/;

interface Bounded {
  readonly layer: tf.layers.Layer;
  readonly activation: string;
}

/** Finds the layer whose activation bounds a tensor. @returns null if there is none. */
function boundedBy(tensor: tf.SymbolicTensor): Bounded | null {
  const call = callOf(tensor);
  if (!call) return null;
  const { layer, inputs } = call;
  if (layer instanceof tf.LayersModel) {
    const inner = layer.outputs[tensor.tensorIndex];
    return inner ? boundedBy(inner) : null;
  }
  const applied = appliedBy(layer);
  if (applied instanceof tf.LayersModel) return applied.outputs[0] ? boundedBy(applied.outputs[0]) : null;
  const activation = applied.getClassName() === 'Softmax' ? 'softmax' : applied.getConfig().activation;
  if (boundedActivations.has(activation)) return { layer: applied, activation: activation as string };
  const isPassedOn = keepsBounds.test(applied.getClassName()) && (activation === undefined || activation === 'linear');
  const all = isPassedOn ? inputs.map(boundedBy) : [];
  return all.every((each) => each !== null) ? (all[0] ?? null) : null;
}

/** Finds the layer in a wrapper (`timeDistributed`, `bidirectional` unless it adds), or the last cell of `rnn`; else the layer itself. */
function appliedBy(layer: tf.layers.Layer): tf.layers.Layer {
  const { layer: wrapped, mergeMode, cell, cells } = layer as Wrapper;
  const hasOwn = mergeMode === 'sum' || layer.getConfig().activation !== undefined;
  const applied = hasOwn ? undefined : (wrapped ?? cell ?? cells?.at(-1));
  return applied ? appliedBy(applied) : layer;
}

interface Wrapper extends tf.layers.Layer {
  readonly layer?: tf.layers.Layer;
  readonly mergeMode?: string;
  readonly cell?: tf.layers.Layer;
  readonly cells?: readonly tf.layers.Layer[];
}

function shapeText({ shape }: tf.SymbolicTensor): string {
  return `[${shape.map((size) => size ?? '?').join(', ')}]`;
}
