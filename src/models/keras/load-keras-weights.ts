import { SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';
import { invalidWeights, type KerasWeight, type KerasWeightFile } from './keras-layer.js';
import { publishedHeadNames } from '../classifier/head.js';
import { type LayerMatch, matchLayers, type MatchLayersOptions } from './match-layers.js';
import { withWeightFile } from './with-weight-file.js';

/** Options of `loadKerasWeights`: which layers the weight file and the model need not share. */
export interface LoadKerasWeightsOptions {
  /** Layers of the model that keep their weights where the file has none for them. Default: `logits`, a classifier's own head. */
  readonly keep?: readonly string[];
  /** Layers of the file that nobody needs. Default: `otherHeads(model)`. */
  readonly ignore?: readonly string[];
}

/** Layers that `loadKerasWeights` has loaded and left alone. */
export interface LoadedWeights {
  /** Names of the layers that have their weights from the file. */
  readonly loaded: readonly string[];
  /** Names of the layers that kept theirs. */
  readonly kept: readonly string[];
  /** Whether the file's layers have the model's names, or are its layers in order under other names. */
  readonly by: 'name' | 'order';
}

/**
 * Gives a model the weights of another: of a file of Keras, `.weights.h5`, `.keras` or legacy `.h5`, or of a SavedModel's directory,
 * Signet's or one that Keras exported.
 *
 * Layers go by name. Those of a legacy file, whose names Keras itself does not look at, may have others when all their shapes in
 * order are the model's.
 *
 * @throws SignetError `INVALID_WEIGHTS` that lists every missing or further layer and every shape that differs, `INVALID_SAVED_MODEL`;
 * then nothing has been loaded.
 */
export async function loadKerasWeights(
  model: tf.LayersModel,
  file: string,
  options: LoadKerasWeightsOptions = {},
): Promise<LoadedWeights> {
  const { keep = ['logits'], ignore = otherHeads(model) } = options;
  return withWeightFile(file, (weights) => load(model, weights, file, { keep, ignore }));
}

/** The heads of Keras Applications, `predictions` or `Logits`, which a model that has neither does not need. */
export function otherHeads({ layers }: tf.LayersModel): readonly string[] {
  return layers.some(({ name }) => publishedHeadNames.includes(name)) ? [] : publishedHeadNames;
}

async function load(
  model: tf.LayersModel,
  weights: KerasWeightFile,
  shownPath: string,
  options: MatchLayersOptions,
): Promise<LoadedWeights> {
  const { problems, pairs, kept, by } = matchLayers(model, weights, options);
  if (problems.length > 0) throw invalidWeights(shownPath, `its layers are not the model's:\n${problems.join('\n')}`);
  await assign(shownPath, pairs);
  return { loaded: pairs.map(([{ name }]) => name), kept: kept.map(({ name }) => name), by };
}

/** Reads everything before it assigns anything: a file that is cut off leaves the model as it was. */
async function assign(path: string, pairs: LayerMatch['pairs']): Promise<void> {
  const read: [own: tf.layers.Layer['weights'][number], values: Float32Array][] = [];
  try {
    for (const [layer, saved] of pairs) {
      for (const [i, own] of layer.weights.entries()) read.push([own, await elementsOf(saved.weights[i])]);
    }
  } catch (error) {
    throw error instanceof SignetError ? error : invalidWeights(path, 'it is damaged', error);
  }
  for (const [own, values] of read) {
    const value = tf.tensor(values, own.shape as number[]);
    own.write(value);
    value.dispose();
  }
}

async function elementsOf(weight: KerasWeight | undefined): Promise<Float32Array> {
  const values = await weight?.read();
  const size = weight ? tf.util.sizeFromShape([...weight.shape]) : -1;
  if (values?.length === size) return values;
  throw new Error(`${weight?.path} has ${values?.length} elements, not ${size}`);
}
