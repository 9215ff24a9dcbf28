import { readFile, writeFile } from 'node:fs/promises';

import { zipSync } from 'fflate';
import h5, { type File, type Group } from 'h5wasm/node';

import type * as tf from '../../../src/tensorflow/tf.js';

/** A layer's weights for a file. */
export interface LayerToWrite {
  readonly name: string;
  readonly weights: readonly WeightToWrite[];
}

interface WeightToWrite {
  /** Such as `kernel`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
  readonly trainable: boolean;
}

/** Returns the layers of a model with their weights, except some. */
export function layersToWrite(model: tf.LayersModel, without: readonly string[] = []): LayerToWrite[] {
  const layers = model.layers.filter(({ name, weights }) => weights.length > 0 && !without.includes(name));
  return layers.map(({ name, weights }) => ({
    name,
    weights: weights.map((weight) => ({
      name: weight.originalName.split('/').at(-1) ?? '',
      shape: weight.shape as number[],
      values: weight.read().dataSync<'float32'>(),
      trainable: !weight.originalName.includes('moving'),
    })),
  }));
}

/** Makes a dense layer whose weights count up. */
export function denseToWrite(name: string, units: number, classes: number): LayerToWrite {
  const counted = (size: number) => Float32Array.from({ length: size }, (_, i) => i / size);
  const kernel = { name: 'kernel', shape: [units, classes], values: counted(units * classes), trainable: true };
  return { name, weights: [kernel, { name: 'bias', shape: [classes], values: counted(classes), trainable: true }] };
}

/**
 * Writes a network whose backbone is a nested model, as Keras 3 does: `.weights.h5`, `.keras`, or the legacy layout for any other ending, where the
 * backbone is one group that has all trainable weights first.
 *
 * @param options `isSubclassed`: as a subclassed model, with layers as attributes. Default: a functional model.
 */
export async function writeNestedWeights(
  path: string,
  backbone: readonly LayerToWrite[],
  head: readonly LayerToWrite[],
  { isSubclassed = false } = {},
): Promise<void> {
  await h5.ready;
  const file = new h5.File(path, 'w');
  const isLegacy = !/\.(?:weights\.h5|keras)$/.test(path);
  if (isLegacy) writeLegacy(file, backbone, head);
  else writeKeras3(file, backbone, head, isSubclassed);
  file.close();
  if (path.endsWith('.keras')) await writeFile(path, zipSync({ 'model.weights.h5': await readFile(path) }));
}

function writeLegacy(file: File, backbone: readonly LayerToWrite[], head: readonly LayerToWrite[]): void {
  const root = file.create_group('model_weights');
  root.create_attribute('layer_names', ['input_layer_1', 'tiny', 'dropout', ...head.map(({ name }) => name)]);
  for (const empty of ['input_layer_1', 'dropout']) root.create_group(empty);
  const all = backbone.flatMap(({ name, weights }) =>
    weights.map((weight) => ({ ...weight, name: `${name}/${weight.name}` })),
  );
  const ordered = [...all.filter(({ trainable }) => trainable), ...all.filter(({ trainable }) => !trainable)];
  const groups = [{ name: 'tiny', weights: ordered }, ...head.map(({ name, weights }) => ({ name, weights: weights.map((each) => ({ ...each, name: `${name}/${each.name}` })) }))]; // prettier-ignore
  for (const { name, weights } of groups) {
    const group = root.create_group(name);
    group.create_attribute(
      'weight_names',
      weights.map((weight) => weight.name),
    );
    for (const { name: weight, values, shape } of weights) {
      const [layer = '', own = ''] = weight.split('/');
      if (!group.keys().includes(layer)) group.create_group(layer);
      (group.get(layer) as Group).create_dataset({ name: own, data: values, shape: [...shape] });
    }
  }
}

function writeKeras3(
  file: File,
  backbone: readonly LayerToWrite[],
  head: readonly LayerToWrite[],
  isSubclassed: boolean,
): void {
  const layers = file.create_group('layers');
  const inner = (isSubclassed ? file.create_group('backbone') : layers.create_group('functional')).create_group(
    'layers',
  );
  const write = (parent: Group, key: string, { name, weights }: LayerToWrite) => {
    const vars = parent.create_group(key).create_group('vars');
    vars.create_attribute('name', name);
    for (const [i, { values, shape }] of weights.entries()) {
      vars.create_dataset({ name: String(i), data: values, shape: [...shape] });
    }
  };
  backbone.forEach((layer, i) => write(inner, `layer_${i}`, layer));
  head.forEach((layer, i) => write(layers, `dense_${i}`, layer));
  if (isSubclassed) write(file, 'optimizer', { name: 'adam', weights: backbone[0]?.weights ?? [] });
}
