import type * as tf from '../../tensorflow/tf.js';
import { Asset } from '../../tracing/asset.js';
import type { ConcreteFunction } from '../../tracing/concrete-function.js';

/** An object of a SavedModel, as `tf.saved_model.load` rebuilds it: each field under the name that it has there. */
export interface TrackedObject {
  readonly functions?: Readonly<Record<string, ConcreteFunction>>;
  readonly variables?: Readonly<Record<string, tf.Variable>>;
  /** Variables without a name of their own, such as a model's weights: the object's list `variables`. */
  readonly weights?: readonly tf.Variable[] | undefined;
  /** Further lists of variables, by name. */
  readonly lists?: Readonly<Record<string, readonly tf.Variable[]>>;
  readonly assets?: Readonly<Record<string, Asset>>;
  /** Nested objects. An object that occurs several times is written once. */
  readonly children?: Readonly<Record<string, TrackedObject>>;
}

/** Which of TensorFlow Serving's APIs a signature answers to: `tensorflow/serving/predict` and so on. */
export type SignatureMethod = 'predict' | 'classify' | 'regress';

/** A function behind a signature. */
export interface SignatureParts {
  readonly function: ConcreteFunction;
  /** Default: `predict`. */
  readonly method?: SignatureMethod | undefined;
  /** The signature's outputs, each with the result of the function that it is. Default: all, under their own names. */
  readonly outputs?: Readonly<Record<string, string>> | undefined;
}

/** The parts of a SavedModel: the root object, its signatures, and further files. */
export interface SavedModelParts extends TrackedObject {
  /** Functions by SignatureDef key; text names one of `functions`. */
  readonly signatures: Readonly<Record<string, string | SignatureParts>>;
  /** Files for `assets.extra/`, by name: for people, not for TensorFlow. */
  readonly assetsExtra?: Readonly<Record<string, string | Uint8Array>> | undefined;
}

/** The root and every object below it, each once. */
function objectsOf(root: TrackedObject, found = new Set<TrackedObject>()): TrackedObject[] {
  if (!found.has(root)) {
    found.add(root);
    for (const child of Object.values(root.children ?? {})) objectsOf(child, found);
  }
  return [...found];
}

/** Every variable of the parts, each once. */
export function variablesOfParts(parts: SavedModelParts): tf.Variable[] {
  const objects = objectsOf(parts);
  const own = objects.flatMap(({ weights = [], variables = {}, lists = {} }) => [
    ...weights,
    ...Object.values(variables),
    ...Object.values(lists).flat(),
  ]);
  return [...new Set([...own, ...functionsOf(parts).flatMap((fn) => fn.variables)])];
}

/** Every asset of the parts with the name of its file in `assets/`; of two files with one name the second gets another. */
export function assetsOf(parts: SavedModelParts): Map<Asset, string> {
  const own = objectsOf(parts).flatMap(({ assets = {} }) => Object.values(assets));
  const captured = functionsOf(parts).flatMap((fn) => fn.captures.filter((capture) => capture instanceof Asset));
  const names = new Map<Asset, string>();
  for (const each of [...own, ...captured]) {
    if (names.has(each)) continue;
    let name = each.name;
    for (let i = 1; [...names.values()].includes(name); i += 1) name = each.name.replace(/(\.[^.]*)?$/, `_${i}$1`);
    names.set(each, name);
  }
  return names;
}

/** Every function of the parts, including signatures, each once. */
export function functionsOf(parts: SavedModelParts): ConcreteFunction[] {
  const methods = objectsOf(parts).flatMap(({ functions = {} }) => Object.values(functions));
  const served = Object.values(parts.signatures).flatMap((signature) =>
    typeof signature === 'string' ? [] : [signature.function],
  );
  return [...new Set([...methods, ...served])];
}

/** The key of a variable in the checkpoint: its place in the object graph, see `object-graph.ts`. */
export function checkpointKey(position: number): string {
  return `variables/${position}/.ATTRIBUTES/VARIABLE_VALUE`;
}

/** A variable's name in the form that names of nodes may have. Unique, because TF.js keeps variables' names unique. */
export function graphNameOf(variable: tf.Variable): string {
  return variable.name.replace(/[^A-Za-z0-9_./]/g, '_').replace(/^[^A-Za-z0-9.]/, 'v$&');
}
