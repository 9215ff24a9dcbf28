import { existsSync } from 'node:fs';

import { SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';
import { invalidWeights } from './invalid-weights.js';
import { type KerasLayer, type KerasWeight, openKerasWeightFile } from './keras-weight-file.js';
import { withUnpackedWeights } from './unpack-keras-archive.js';

/** Which layers a weight file and a model may have for themselves. */
export interface LoadKerasWeightsOptions {
  /** Layers of the model that keep their weights where the file has none for them. Default: `logits`, a classifier's own head. */
  readonly keep?: readonly string[];
  /** Layers of the file that nobody needs. Default: `predictions`, the head of Keras Applications. */
  readonly ignore?: readonly string[];
}

/** What was loaded. */
export interface LoadedWeights {
  /** Names of the layers that have their weights from the file. */
  readonly loaded: readonly string[];
  /** Names of the layers that kept theirs. */
  readonly kept: readonly string[];
}

/**
 * Gives a model the weights of a file of Keras, layer by layer by name: `.weights.h5`, `.keras`, or legacy `.h5`.
 *
 * @throws SignetError `INVALID_WEIGHTS` that lists every missing or further layer and every shape that differs; then nothing has
 * been loaded.
 */
export async function loadKerasWeights(
  model: tf.LayersModel,
  file: string,
  options: LoadKerasWeightsOptions = {},
): Promise<LoadedWeights> {
  if (!existsSync(file)) throw new SignetError('INVALID_WEIGHTS', `The weight file ${file} does not exist.`);
  const load = (path: string) => loadFrom(model, path, file, options);
  return file.endsWith('.keras') ? withUnpackedWeights(file, load) : load(file);
}

async function loadFrom(
  model: tf.LayersModel,
  path: string,
  shownPath: string,
  { keep = ['logits'], ignore = ['predictions'] }: LoadKerasWeightsOptions,
): Promise<LoadedWeights> {
  const opened = await openKerasWeightFile(path);
  try {
    const saved = new Map(
      opened.layers.filter(({ weights }) => weights.length > 0).map((layer) => [layer.name, layer]),
    );
    const own = model.layers.filter(({ weights }) => weights.length > 0);
    const kept = own.filter(({ name }) => keep.includes(name) && !saved.has(name));
    const wanted = own.filter((layer) => !kept.includes(layer));
    const problems = [
      ...wanted.flatMap((layer) => problemsOf(layer, saved.get(layer.name))),
      ...[...saved.keys()]
        .filter((name) => !ignore.includes(name) && !own.some((layer) => layer.name === name))
        .map((name) => `  ${name}: the model has no such layer`),
    ];
    if (problems.length > 0) throw invalidWeights(shownPath, `its layers are not the model's:\n${problems.join('\n')}`);
    assign(shownPath, wanted, saved);
    return { loaded: wanted.map(({ name }) => name), kept: kept.map(({ name }) => name) };
  } finally {
    opened.close();
  }
}

function problemsOf({ name, weights }: tf.layers.Layer, saved: KerasLayer | undefined): string[] {
  if (!saved) return [`  ${name}: missing`];
  const shapes = (all: readonly { readonly shape: readonly (number | null)[] }[]) =>
    all.map(({ shape }) => `[${shape.join(', ')}]`).join(' ');
  const [expected, received] = [shapes(weights), shapes(saved.weights)];
  return expected === received ? [] : [`  ${name}: expected ${expected}. Received: ${received}`];
}

/** Reads everything before it assigns anything: a file that is cut off leaves the model as it was. */
function assign(path: string, layers: readonly tf.layers.Layer[], saved: ReadonlyMap<string, KerasLayer>): void {
  const read = (weight: KerasWeight | undefined) => {
    const values = weight?.read();
    const size = weight ? tf.util.sizeFromShape([...weight.shape]) : -1;
    if (values?.length !== size) throw new Error(`${weight?.path} has ${values?.length} elements, not ${size}`);
    return values;
  };
  const pairs = layers.flatMap((layer) =>
    layer.weights.map((own, i) => ({ own, weight: saved.get(layer.name)?.weights[i] })),
  );
  let values: Float32Array[];
  try {
    values = pairs.map(({ weight }) => read(weight));
  } catch (error) {
    throw invalidWeights(path, 'it is damaged', error);
  }
  pairs.forEach(({ own }, i) => {
    const value = tf.tensor(values[i] ?? [], own.shape as number[]);
    own.write(value);
    value.dispose();
  });
}
