import { readFile, stat } from 'node:fs/promises';

import type { Attribute, Dataset, Group } from 'h5wasm';

import { invalidWeights, mostWeightBytes } from './keras-layer.js';

/** Weights of a file, as HDF5 stores them. */
export interface Hdf5Weights {
  readonly layers: readonly Hdf5Layer[];
  /** Whether they are in the order of the saved model's layers, see `KerasWeightFile`. */
  readonly isOrdered: boolean;
}

interface Hdf5Layer {
  readonly name: string;
  readonly weights: readonly Hdf5Weight[];
}

interface Hdf5Weight {
  readonly path: string;
  readonly shape: readonly number[];
  readonly read: () => Float32Array<ArrayBuffer>;
}

/**
 * Opens a weight file of Keras: the legacy layout that Keras Applications publishes (`weights.h5`, or a whole model's `.h5`), or
 * that of Keras 3 (`.weights.h5`). Runs in a thread of its own, see `keras-weight-file.ts`, with which the file is closed.
 *
 * Sources: keras/src/legacy/saving/legacy_h5_format.py (attributes `layer_names` and `weight_names`) and
 * keras/src/saving/saving_lib.py (groups `layers/NAME/vars/0`, of a subclassed model `ATTRIBUTE/vars/0`; the layer's own name is an attribute of `vars`).
 *
 * @param onStep Called before every step of the parser, which may be its last on a damaged file.
 * @throws SignetError `INVALID_WEIGHTS` when it is not such a file, or damaged.
 */
export async function openHdf5Weights(path: string, onStep: () => void): Promise<Hdf5Weights> {
  // Its WebAssembly is large: loaded when a file is.
  const { default: h5 } = await import('h5wasm');
  const library = await h5.ready;
  // Otherwise HDF5 prints its errors, a page each.
  library.activate_throwing_error_handler();
  onStep();
  await copyToMemory(path, library.FS);
  onStep();
  const file = openFile(path, () => new h5.File(copy, 'r'));
  try {
    const reader = new GroupReader(path, onStep);
    const root = reader.group(file, 'model_weights') ?? file;
    const isOrdered = reader.attribute(root, 'layer_names') !== undefined;
    const layers = isOrdered ? legacyLayers(root, reader) : keras3Layers(path, file, reader);
    if (layers.length === 0) throw invalidWeights(path, 'it holds no layers');
    return { layers, isOrdered };
  } catch (error) {
    throw error instanceof Error && error.name === 'SignetError' ? error : invalidWeights(path, 'it is damaged', error);
  }
}

/** Name of the file in the parser's own file system. */
const copy = '/weights.h5';

/**
 * Gives the parser the bytes of a file, in a file system of its own that holds nothing else: a dataset may say that its bytes lie in another file,
 * and a link may lead to one (CVE-2026-1669 of Keras). In there, no other file exists.
 */
async function copyToMemory(path: string, fs: { writeFile(name: string, bytes: Uint8Array): void }): Promise<void> {
  try {
    const { size } = await stat(path);
    if (size > mostWeightBytes) {
      throw invalidWeights(path, `it has ${size} bytes; at most ${mostWeightBytes} are read`);
    }
    fs.writeFile(copy, await readFile(path));
  } catch (error) {
    throw error instanceof Error && error.name === 'SignetError'
      ? error
      : invalidWeights(path, 'it is not an HDF5 file, or damaged', error);
  }
}

function openFile<T extends { file_id: bigint }>(path: string, open: () => T): T {
  try {
    const file = open();
    if (file.file_id >= 0n) return file;
  } catch (error) {
    throw invalidWeights(path, 'it is not an HDF5 file, or damaged', error);
  }
  throw invalidWeights(path, 'it is not an HDF5 file, or damaged');
}

function legacyLayers(root: Group, reader: GroupReader): Hdf5Layer[] {
  return reader.strings(root, 'layer_names').map((name) => {
    const layer = reader.group(root, name);
    const names = layer ? reader.strings(layer, 'weight_names') : [];
    return { name, weights: names.flatMap((weight) => (layer ? reader.weight(layer, weight) : [])) };
  });
}

function keras3Layers(path: string, root: Group, reader: GroupReader): Hdf5Layer[] {
  const found: Hdf5Layer[] = [];
  const take = (parent: Group, key: string, depth: number) => {
    const layer = reader.group(parent, key);
    if (!layer) return;
    const vars = reader.group(layer, 'vars');
    const weights = vars ? weightsOf(vars, reader) : [];
    if (vars) {
      const name = reader.attribute(vars, 'name')?.value;
      found.push({ name: typeof name === 'string' ? name : key, weights });
    }
    if (weights.length === 0 || reader.group(layer, 'layers')) visit(layer, depth + 1);
  };
  // A model in a model is a layer with layers of its own; those of a subclassed model may be its attributes.
  const visit = (model: Group, depth: number) => {
    if (depth > mostDepth) throw invalidWeights(path, `its layers contain each other, more than ${mostDepth} deep`);
    const layers = reader.group(model, 'layers');
    if (layers) for (const key of reader.keys(layers)) take(layers, key, depth);
    for (const key of reader.keys(model)) if (!notLayers.has(key)) take(model, key, depth);
  };
  visit(root, 1);
  return found;
}

function weightsOf(vars: Group, reader: GroupReader): Hdf5Weight[] {
  const order = reader.keys(vars).toSorted((a, b) => Number(a) - Number(b));
  return order.flatMap((each) => reader.weight(vars, each));
}

/** Names in a model's group that are not attributes with layers. */
const notLayers = new Set(['layers', 'vars', 'optimizer', 'seed_generator', 'metrics', '_metrics', 'loss_tracker']);

/** Depth of models within models: more than anybody nests. */
const mostDepth = 8;
/** Budget of a file: 1 for a name that is listed, 4 for a step and 1 for each part of its path. 3,000 layers of 4 weights fit. */
const budget = 300_000;

/** Reads groups, within a budget: links may lead in circles, and lists may name one group a million times, in a file of a few kilobytes. */
class GroupReader {
  #left = budget;
  /** Names in groups: all of a group's members are looked up one after another. */
  readonly #names = new WeakMap<Group, ReadonlySet<string>>();

  constructor(
    private readonly path: string,
    private readonly onStep: () => void,
  ) {}

  keys(group: Group): string[] {
    this.#step(group);
    const keys = group.keys();
    this.#spend(keys.length);
    return keys;
  }

  group(parent: Group, name: string): Group | null {
    const names = this.#names.get(parent) ?? new Set(this.keys(parent));
    this.#names.set(parent, names);
    if (!names.has(name)) return null;
    const found = this.#get(parent, name);
    return isA<Group>(found, 'Group') ? found : null;
  }

  weight(parent: Group, name: string): Hdf5Weight {
    const dataset = this.#get(parent, name);
    if (!isA<Dataset>(dataset, 'Dataset')) throw new Error(`${parent.path}/${name} is not a dataset`);
    const { shape, path } = dataset;
    return { path, shape: shape ?? [], read: () => elements(dataset) };
  }

  attribute(group: Group, name: string): Attribute | undefined {
    this.#step(group);
    const { attrs } = group;
    this.#spend(Object.keys(attrs).length);
    return attrs[name];
  }

  strings(group: Group, attribute: string): string[] {
    const value = this.attribute(group, attribute)?.value;
    if (!Array.isArray(value)) return [];
    this.#spend(value.length);
    return value.map(String);
  }

  #get(parent: Group, name: string): ReturnType<Group['get']> {
    this.#step(parent);
    return parent.get(name);
  }

  /** HDF5 walks the whole path each time. */
  #step({ path }: Group): void {
    this.onStep();
    this.#spend(4 + path.split('/').length);
  }

  #spend(amount: number): void {
    this.#left -= amount;
    if (this.#left < 0) throw invalidWeights(this.path, 'it lists too many objects, or one of them many times');
  }
}

function elements(dataset: Dataset): Float32Array<ArrayBuffer> {
  checkChunks(dataset);
  const { value } = dataset;
  // Copied, because h5wasm's arrays are in the parser's own memory.
  if (value instanceof Float32Array || value instanceof Float64Array) return Float32Array.from(value);
  throw new Error(`${dataset.path} holds ${String(dataset.dtype)}, not floating-point numbers`);
}

/** Elements of the largest chunk that is read for a smaller dataset: 64 MiB. */
const mostChunkElements = 2 ** 24;

/** HDF5 allocates the memory of a whole chunk, which may be a billion times as large as the dataset in it, and compress to nothing. */
function checkChunks({ path, shape, metadata }: Dataset): void {
  const product = (sizes: readonly number[] | null) => (sizes ?? []).reduce((all, size) => all * size, 1);
  if (product(shape) > mostWeightBytes / 4) throw new Error(`${path} is too large`);
  if (product(metadata.chunks) > Math.max(product(shape), mostChunkElements))
    throw new Error(`${path} has too large chunks`);
}

/** Tells whether h5wasm has found a group or a dataset, by its own tag. */
function isA<T extends Group | Dataset>(entity: unknown, type: `${T['type']}`): entity is T {
  return typeof entity === 'object' && entity !== null && 'type' in entity && entity.type === type;
}
