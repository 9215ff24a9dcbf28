import { SignetError } from '../../errors.js';
import type * as tf from '../../tensorflow/tf.js';

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
function tooSmall({ layers, inputs }: tf.LayersModel, modelType: string): string | null {
  const tensors = layers.flatMap((layer) => ({ layer, output: layer.output as tf.SymbolicTensor }));
  const first = tensors.find(({ output }) => output.shape.some((size) => size !== null && size <= 0));
  if (!first) return null;
  const [, height, width] = inputs[0]?.shape ?? [];
  const { layer, output } = first;
  return (
    `Images of ${height} x ${width} pixels are too small for ${modelType}: nothing is left of them in its layer "${layer.name}", ` +
    `${shapeText(output)}. Give a larger inputHeight and inputWidth (--input-height, --input-width).`
  );
}

function noLogits({ layers, outputs }: tf.LayersModel, modelType: string, classes: number): string | null {
  const expected = `[?, ${classes}]`;
  const shapes = outputs.map(shapeText);
  if (shapes.length !== 1 || shapes[0] !== expected) {
    return (
      `A classifier of ${classes} classes gives one tensor of logits, ${expected}. Received from ${modelType}: ` +
      `${shapes.join(' and ') || 'nothing'}. End it with flatten or average pooling and dense({ units: classes }).`
    );
  }
  const last = layers.at(-1);
  if (!last || !isSoftmax(last)) return null;
  return (
    `A classifier gives logits: softmax is applied to them in the loss and in serving_labels, and applied twice it gives wrong probabilities. ` +
    `Received from ${modelType}: softmax in its last layer, "${last.name}". Leave it out: dense({ units: classes }).`
  );
}

function isSoftmax(layer: tf.layers.Layer): boolean {
  return layer.getClassName() === 'Softmax' || layer.getConfig().activation === 'softmax';
}

function shapeText({ shape }: tf.SymbolicTensor): string {
  return `[${shape.map((size) => size ?? '?').join(', ')}]`;
}
