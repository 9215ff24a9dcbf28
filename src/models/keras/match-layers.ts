import type * as tf from '../../tensorflow/tf.js';
import type { KerasLayer, KerasWeightFile } from './keras-layer.js';

/** Which layers a weight file and a model need not share. */
export interface MatchLayersOptions {
  /** Layers of the model that keep their weights if the file has none that fit them. */
  readonly keep: readonly string[];
  /** Layers of the file that are not used, whatever their names. */
  readonly ignore: readonly string[];
  /** Whether layers of the file that the model does not have are not used if all others fit; otherwise they are problems. */
  readonly skipMismatch: boolean;
  /** Layers of the file that have another name in the model: its name there, by their name. */
  readonly rename: Readonly<Record<string, string>>;
}

/** Which layer of the file is for which of the model, or why they do not fit. */
export interface LayerMatch {
  readonly pairs: readonly (readonly [own: tf.layers.Layer, saved: KerasLayer])[];
  /** Layers of the model that keep their weights. */
  readonly kept: readonly tf.layers.Layer[];
  /** Layers of the file that are not used. */
  readonly leftAside: readonly KerasLayer[];
  readonly by: 'name' | 'order';
  /** A line for each layer that is missing, too many or of another shape. */
  readonly problems: readonly string[];
}

/** Finds the layer of a weight file for every layer of a model: by name, or, in a file of ordered layers, all of them by order. */
export function matchLayers(
  model: tf.LayersModel,
  { layers, isOrdered }: KerasWeightFile,
  options: MatchLayersOptions,
): LayerMatch {
  const own = model.layers.filter(({ weights }) => weights.length > 0);
  const names = new Set(own.map(({ name }) => name));
  const saved = layers
    .map((layer) => ({ ...layer, name: options.rename[layer.name] ?? layer.name }))
    .flatMap((layer) => (names.has(layer.name) ? [layer] : layersWithin(layer)))
    .filter(({ weights }) => weights.length > 0);
  const wanted = saved.filter(({ name }) => !options.ignore.includes(name));
  const byName = matchByName(own, wanted, options);
  const isByName = byName.problems.length === 0 || !isOrdered;
  const match = isByName ? byName : (matchByOrder(own, wanted, options) ?? byName);
  const taken = new Set(match.pairs.map(([, layer]) => layer));
  return { ...match, leftAside: saved.filter((layer) => !taken.has(layer)) };
}

/**
 * Takes apart a layer of the legacy layout that is a model, whose weights are all in one group there: `backbone/conv1/kernel:0` is a weight of
 * `conv1`. A layer whose weights have one such name is itself.
 */
function layersWithin(layer: KerasLayer): KerasLayer[] {
  const found = new Map<string, KerasLayer['weights'][number][]>();
  for (const weight of layer.weights) {
    const name = weight.path.split('/').at(-2) ?? layer.name;
    found.set(name, [...(found.get(name) ?? []), weight]);
  }
  return found.size > 1 ? Array.from(found, ([name, weights]) => ({ name, weights })) : [layer];
}

function matchByName(
  own: readonly tf.layers.Layer[],
  saved: readonly KerasLayer[],
  { keep, skipMismatch }: MatchLayersOptions,
): LayerMatch {
  const named = byNameOf(saved);
  const fits = (layer: tf.layers.Layer) => problemsOf(layer, named.get(layer.name)).length === 0;
  const kept = own.filter(
    (layer) => keep.includes(layer.name) && (skipMismatch ? !fits(layer) : !named.has(layer.name)),
  );
  const wanted = own.filter((layer) => !kept.includes(layer));
  const taken = new Set(wanted.map(({ name }) => name));
  const leftAside = saved.filter(({ name }) => !taken.has(name));
  const pairs = wanted.flatMap((layer) => {
    const [found] = named.get(layer.name) ?? [];
    return found ? [[layer, found] as const] : [];
  });
  const problems = wanted.flatMap((layer) => problemsOf(layer, named.get(layer.name)));
  const isNoStart = problems.length > 0 || pairs.length === 0;
  if (!skipMismatch || isNoStart)
    problems.push(...leftAside.map(({ name }) => `  ${name}: the model has no such layer`));
  return { pairs, kept, leftAside, by: 'name', problems };
}

function byNameOf(layers: readonly KerasLayer[]): Map<string, KerasLayer[]> {
  const named = new Map<string, KerasLayer[]>();
  for (const layer of layers) named.set(layer.name, [...(named.get(layer.name) ?? []), layer]);
  return named;
}

/** All shapes in order must be the model's; otherwise the order means nothing. Layers of the file after those of the model are another head. */
function matchByOrder(
  own: readonly tf.layers.Layer[],
  saved: readonly KerasLayer[],
  { keep, skipMismatch }: MatchLayersOptions,
): LayerMatch | null {
  const startsWith = (wanted: readonly tf.layers.Layer[]) =>
    wanted.length > 0 && wanted.every((layer, i) => problemsOf(layer, saved.slice(i, i + 1)).length === 0);
  const isWhole = own.length === saved.length && startsWith(own);
  const kept = isWhole ? [] : own.filter(({ name }) => keep.includes(name));
  const wanted = own.filter((layer) => !kept.includes(layer));
  const leftAside = saved.slice(wanted.length);
  if (!startsWith(wanted) || (leftAside.length > 0 && !skipMismatch)) return null;
  const pairs = wanted.flatMap((layer, i) => (saved[i] ? [[layer, saved[i]] as const] : []));
  return { pairs, kept, leftAside, by: 'order', problems: [] };
}

function problemsOf({ name, weights }: tf.layers.Layer, found: readonly KerasLayer[] = []): string[] {
  const [saved] = found;
  if (!saved) return [`  ${name}: missing`];
  if (found.length > 1) return [`  ${name}: the file has ${found.length} layers of this name`];
  const shapes = (all: readonly { readonly shape: Shape }[]) =>
    all.map(({ shape }) => `[${shape.join(', ')}]`).join(' ');
  const fits = weights.length === saved.weights.length && weights.every(({ shape }, i) => isSame(shape, saved.weights[i]?.shape)); // prettier-ignore
  return fits ? [] : [`  ${name}: expected ${shapes(weights)}. Received: ${shapes(saved.weights)}`];
}

type Shape = readonly (number | null)[];

/** Whether two shapes are the same; the kernel of a dense layer may be that of a convolution of one pixel, as in Keras's MobileNetV3. */
function isSame(own: Shape, saved: Shape = []): boolean {
  const ofOnePixel = own.length === 2 && saved.length === 4 ? [1, 1, ...own] : own;
  return ofOnePixel.length === saved.length && ofOnePixel.every((size, i) => size === saved[i]);
}
