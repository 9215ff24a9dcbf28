import type * as tf from '../../tensorflow/tf.js';
import type { KerasLayer, KerasWeightFile } from './keras-layer.js';

/** Which layers a weight file and a model may have for themselves. */
export interface MatchLayersOptions {
  /** Layers of the model that keep their weights where the file has none for them. */
  readonly keep: readonly string[];
  /** Layers of the file that nobody needs. */
  readonly ignore: readonly string[];
}

/** Which layer of the file is for which of the model, or why they do not fit. */
export interface LayerMatch {
  readonly pairs: readonly (readonly [own: tf.layers.Layer, saved: KerasLayer])[];
  /** Layers of the model that keep their weights. */
  readonly kept: readonly tf.layers.Layer[];
  readonly by: 'name' | 'order';
  /** A line for each layer that is missing, too many or of another shape. */
  readonly problems: readonly string[];
}

/** Finds the layer of a weight file for every layer of a model: by name, or, in a file of ordered layers, all of them by order. */
export function matchLayers(
  model: tf.LayersModel,
  { layers, isOrdered }: KerasWeightFile,
  { keep, ignore }: MatchLayersOptions,
): LayerMatch {
  const saved = layers.filter(({ name, weights }) => weights.length > 0 && !ignore.includes(name));
  const own = model.layers.filter(({ weights }) => weights.length > 0);
  const byName = matchByName(own, saved, keep);
  if (byName.problems.length === 0 || !isOrdered) return byName;
  return matchByOrder(own, saved, keep) ?? byName;
}

function matchByName(
  own: readonly tf.layers.Layer[],
  saved: readonly KerasLayer[],
  keep: readonly string[],
): LayerMatch {
  const named = new Map(saved.map((layer) => [layer.name, layer]));
  const kept = own.filter(({ name }) => keep.includes(name) && !named.has(name));
  const wanted = own.filter((layer) => !kept.includes(layer));
  const names = new Set(own.map(({ name }) => name));
  const problems = [
    ...wanted.flatMap((layer) => problemsOf(layer, named.get(layer.name))),
    ...saved.filter(({ name }) => !names.has(name)).map(({ name }) => `  ${name}: the model has no such layer`),
  ];
  const pairs = wanted.flatMap((layer) => {
    const found = named.get(layer.name);
    return found ? [[layer, found] as const] : [];
  });
  return { pairs, kept, by: 'name', problems };
}

/** All shapes in their order must be the model's, or nothing is said of the order. */
function matchByOrder(
  own: readonly tf.layers.Layer[],
  saved: readonly KerasLayer[],
  keep: readonly string[],
): LayerMatch | null {
  const kept = own.length === saved.length ? [] : own.filter(({ name }) => keep.includes(name));
  const wanted = own.filter((layer) => !kept.includes(layer));
  const pairs = wanted.flatMap((layer, i) => (saved[i] ? [[layer, saved[i]] as const] : []));
  const fits = wanted.length === saved.length && pairs.every(([layer, found]) => problemsOf(layer, found).length === 0);
  return fits ? { pairs, kept, by: 'order', problems: [] } : null;
}

function problemsOf({ name, weights }: tf.layers.Layer, saved: KerasLayer | undefined): string[] {
  if (!saved) return [`  ${name}: missing`];
  const shapes = (all: readonly { readonly shape: Shape }[]) =>
    all.map(({ shape }) => `[${shape.join(', ')}]`).join(' ');
  const fits = weights.length === saved.weights.length && weights.every(({ shape }, i) => isSame(shape, saved.weights[i]?.shape)); // prettier-ignore
  return fits ? [] : [`  ${name}: expected ${shapes(weights)}. Received: ${shapes(saved.weights)}`];
}

type Shape = readonly (number | null)[];

/** Whether two shapes are one; the kernel of a dense layer may be that of a convolution of one pixel, as in Keras's MobileNetV3. */
function isSame(own: Shape, saved: Shape = []): boolean {
  const ofOnePixel = own.length === 2 && saved.length === 4 ? [1, 1, ...own] : own;
  return ofOnePixel.length === saved.length && ofOnePixel.every((size, i) => size === saved[i]);
}
