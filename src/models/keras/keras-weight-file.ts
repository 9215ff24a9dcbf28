import { readFile, stat } from 'node:fs/promises';

import type { Dataset, Group } from 'h5wasm';

import { invalidWeights, type KerasLayer, type KerasWeight, type KerasWeightFile } from './keras-layer.js';

/**
 * Opens a weight file of Keras: the legacy layout that Keras Applications publishes (`weights.h5`, or a whole model's `.h5`), or
 * that of Keras 3 (`.weights.h5`).
 *
 * Sources: keras/src/legacy/saving/legacy_h5_format.py (attributes `layer_names` and `weight_names`) and
 * keras/src/saving/saving_lib.py (groups `layers/NAME/vars/0`; the layer's own name is an attribute of `vars`).
 *
 * @throws SignetError `INVALID_WEIGHTS` when it is not such a file, or damaged.
 */
export async function openKerasWeightFile(path: string): Promise<KerasWeightFile> {
  // Its WebAssembly is large: loaded when a file is.
  const { default: h5 } = await import('h5wasm');
  const library = await h5.ready;
  const { FS } = library;
  // HDF5 prints its errors otherwise, a page each.
  library.activate_throwing_error_handler();
  const name = await copyToMemory(path, FS);
  const file = openFile(path, () => new h5.File(name, 'r'));
  const close = () => {
    file.close();
    FS.unlink(name);
  };
  try {
    const root = group(file, 'model_weights') ?? file;
    const isLegacy = 'layer_names' in root.attrs;
    const layers = isLegacy ? legacyLayers(root) : keras3Layers(file);
    if (layers.length === 0) throw invalidWeights(path, 'it holds no layers');
    return { layers, isOrdered: isLegacy, close };
  } catch (error) {
    close();
    throw error instanceof Error && error.name === 'SignetError' ? error : invalidWeights(path, 'it is damaged', error);
  }
}

/** The largest file, in bytes. */
const mostBytes = 400 * 2 ** 20;
let copies = 0;

/**
 * Gives the parser the bytes of a file, in a file system of its own that holds nothing else: a dataset may say that its bytes lie in
 * another file, and a link may lead to one (CVE-2026-1669 of Keras). There, no other file is to be found.
 *
 * @returns The copy's name.
 */
async function copyToMemory(path: string, fs: { writeFile(name: string, bytes: Uint8Array): void }): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > mostBytes) throw invalidWeights(path, `it has ${size} bytes; at most ${mostBytes} are read`);
    copies += 1;
    const name = `/weights-${copies}.h5`;
    fs.writeFile(name, await readFile(path));
    return name;
  } catch (error) {
    throw error instanceof Error && error.name === 'SignetError'
      ? error
      : invalidWeights(path, 'it is no HDF5 file, or damaged', error);
  }
}

function openFile<T extends { file_id: bigint }>(path: string, open: () => T): T {
  try {
    const file = open();
    if (file.file_id >= 0n) return file;
  } catch (error) {
    throw invalidWeights(path, 'it is no HDF5 file, or damaged', error);
  }
  throw invalidWeights(path, 'it is no HDF5 file, or damaged');
}

function legacyLayers(root: Group): KerasLayer[] {
  return strings(root, 'layer_names').map((name) => {
    const layer = group(root, name);
    const names = layer ? strings(layer, 'weight_names') : [];
    return { name, weights: names.flatMap((weight) => (layer ? weightAt(layer, weight) : [])) };
  });
}

function keras3Layers(root: Group): KerasLayer[] {
  const found: KerasLayer[] = [];
  // A model in a model is a layer with layers of its own.
  const visit = (layers: Group | null) => {
    for (const key of layers?.keys() ?? []) {
      const layer = layers && group(layers, key);
      const vars = layer && group(layer, 'vars');
      if (vars) {
        const name = vars.attrs.name?.value;
        const order = vars.keys().sort((a, b) => Number(a) - Number(b));
        found.push({
          name: typeof name === 'string' ? name : key,
          weights: order.flatMap((each) => weightAt(vars, each)),
        });
      }
      if (layer) visit(group(layer, 'layers'));
    }
  };
  visit(group(root, 'layers'));
  return found;
}

function weightAt(parent: Group, name: string): KerasWeight {
  const dataset = parent.get(name);
  if (!isA<Dataset>(dataset, 'Dataset')) throw new Error(`${parent.path}/${name} is not a dataset`);
  const { shape, path } = dataset;
  return { path, shape: shape ?? [], read: () => elements(dataset) };
}

function elements(dataset: Dataset): Float32Array {
  const { value } = dataset;
  if (value instanceof Float32Array) return value;
  if (value instanceof Float64Array) return Float32Array.from(value);
  throw new Error(`${dataset.path} holds ${String(dataset.dtype)}, no floating-point numbers`);
}

function group(parent: Group, name: string): Group | null {
  const found = parent.keys().includes(name) ? parent.get(name) : null;
  return isA<Group>(found, 'Group') ? found : null;
}

function strings(of: Group, attribute: string): string[] {
  const value = of.attrs[attribute]?.value;
  return Array.isArray(value) ? value.map(String) : [];
}

/** What h5wasm finds under a name, by its own tag. */
function isA<T extends Group | Dataset>(entity: unknown, type: `${T['type']}`): entity is T {
  return typeof entity === 'object' && entity !== null && 'type' in entity && entity.type === type;
}
