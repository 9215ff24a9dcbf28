import { SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';
import { invalidWeights, type KerasWeight, type KerasWeightFile } from './keras-layer.js';
import { headNames, publishedHeadNames } from '../classifier/head.js';
import { type LayerMatch, matchLayers, type MatchLayersOptions } from './match-layers.js';
import { withWeightFile } from './with-weight-file.js';

/** Options of `loadKerasWeights`: which layers the weight file and the model need not share. */
export interface LoadKerasWeightsOptions {
  /**
   * Layers of the model that keep their weights if the file has none that fit them. Default: `logits` and the last layer, a classifier's own head.
   */
  readonly keep?: readonly string[];
  /** Layers of the file that are not used. Default: the heads of Keras Applications, `predictions` or `Logits`, unless the model has one. */
  readonly ignore?: readonly string[];
  /**
   * Whether layers of the file that the model does not have are not used if all others fit, such as another head; otherwise they are an error.
   * Default: true.
   */
  readonly skipMismatch?: boolean;
  /** Layers of the file that have another name in the model: its name there, by their name. Default: none. */
  readonly rename?: Readonly<Record<string, string>>;
}

/** Layers that `loadKerasWeights` has loaded, and those that it has not. */
export interface LoadedWeights {
  /** Names of the layers that have their weights from the file. */
  readonly loaded: readonly string[];
  /** Names of the layers that kept theirs. */
  readonly kept: readonly string[];
  /** Names of the file's layers that were not used. */
  readonly leftAside: readonly string[];
  /** Whether layers were matched by name, or by order because the file has other names. */
  readonly by: 'name' | 'order';
}

/**
 * Gives a model the weights of another one: from a file of Keras, `.weights.h5`, `.keras` or legacy `.h5`, or from a SavedModel's directory, Signet's
 * or one that Keras exported.
 *
 * Layers are matched by name, also those of a model that is a layer of the saved one. Layers of a legacy file, whose names Keras itself ignores, may
 * have other names if all their shapes in order are the model's. Further layers of the file, such as another head, are not used, as with Keras's
 * `skip_mismatch`.
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

/** The published heads, which a model without them does not use, even if its own head has the same number of classes. */
export function otherHeads({ layers }: tf.LayersModel): readonly string[] {
  return layers.some(({ name }) => publishedHeadNames.includes(name)) ? [] : publishedHeadNames;
}

/** The last layer, whatever its name, unless it is the published one, which was requested. */
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

/** Reads everything before it assigns anything: a file that is cut off leaves the model unchanged. */
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
