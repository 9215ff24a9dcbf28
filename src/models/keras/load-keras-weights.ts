import { SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';
import { invalidWeights, type KerasWeight, type KerasWeightFile } from './keras-layer.js';
import { headNames, publishedHeadNames } from '../classifier/head.js';
import { type LayerMatch, matchLayers, type MatchLayersOptions } from './match-layers.js';
import { withWeightFile } from './with-weight-file.js';

/** Options of `loadKerasWeights`: which layers the weight file and the model need not share. */
export interface LoadKerasWeightsOptions {
  /** Layers of the model that keep their weights where the file has none that fit them. Default: `logits` and the last layer, a classifier's own head. */
  readonly keep?: readonly string[];
  /** Layers of the file that are left aside. Default: the heads of Keras Applications, `predictions` or `Logits`, unless the model has one. */
  readonly ignore?: readonly string[];
  /**
   * Whether layers of the file that the model does not have are left aside if all others fit, such as another head; otherwise they are
   * an error. Default: true.
   */
  readonly skipMismatch?: boolean;
  /** Layers of the file that have another name in the model: its name there, by their name. Default: none. */
  readonly rename?: Readonly<Record<string, string>>;
}

/** Layers that `loadKerasWeights` has loaded and left alone. */
export interface LoadedWeights {
  /** Names of the layers that have their weights from the file. */
  readonly loaded: readonly string[];
  /** Names of the layers that kept theirs. */
  readonly kept: readonly string[];
  /** Names of the file's layers that the model did not take. */
  readonly leftAside: readonly string[];
  /** Whether the file's layers have the model's names, or are its layers in order under other names. */
  readonly by: 'name' | 'order';
}

/**
 * Gives a model the weights of another: of a file of Keras, `.weights.h5`, `.keras` or legacy `.h5`, or of a SavedModel's directory,
 * Signet's or one that Keras exported.
 *
 * Layers go by name, also those of a model that is a layer of the saved one. Those of a legacy file, whose names Keras itself does not
 * look at, may have others when all their shapes in order are the model's. What the file has besides, such as another head, is left
 * aside, as by Keras's `skip_mismatch`.
 *
 * @throws SignetError `INVALID_WEIGHTS` that lists every missing or further layer and every shape that differs, `INVALID_SAVED_MODEL`;
 * then nothing has been loaded.
 */
export async function loadKerasWeights(
  model: tf.LayersModel,
  file: string,
  options: LoadKerasWeightsOptions = {},
): Promise<LoadedWeights> {
  const { keep = ownHead(model), ignore = otherHeads(model), skipMismatch = true, rename = {} } = options;
  return withWeightFile(file, (weights) => load(model, weights, file, { keep, ignore, skipMismatch, rename }));
}

/** The published heads, which a model that has none of them leaves aside even where its own has as many classes. */
export function otherHeads({ layers }: tf.LayersModel): readonly string[] {
  return layers.some(({ name }) => publishedHeadNames.includes(name)) ? [] : publishedHeadNames;
}

/** The last layer, whatever its name, unless it is the published one that was asked for. */
function ownHead({ layers }: tf.LayersModel): string[] {
  const last = layers.findLast(({ weights }) => weights.length > 0)?.name ?? headNames.own;
  return publishedHeadNames.includes(last) ? [headNames.own] : [headNames.own, last];
}

async function load(
  model: tf.LayersModel,
  weights: KerasWeightFile,
  shownPath: string,
  options: MatchLayersOptions,
): Promise<LoadedWeights> {
  const { problems, pairs, kept, leftAside, by } = matchLayers(model, weights, options);
  if (problems.length > 0) throw invalidWeights(shownPath, `its layers are not the model's:\n${problems.join('\n')}`);
  await assign(shownPath, pairs);
  const namesOf = (layers: readonly { readonly name: string }[]) => layers.map(({ name }) => name);
  return { loaded: namesOf(pairs.map(([own]) => own)), kept: namesOf(kept), leftAside: namesOf(leftAside), by };
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
