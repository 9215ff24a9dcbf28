import { PersistentId, PickledCall, PickledName, type PickledValue, readPickle } from './read-pickle.js';

/** A tensor of floating-point numbers in a state dict. */
export interface TorchTensor {
  readonly shape: readonly number[];
  /** Copies the elements, in C order. */
  readonly read: () => Float32Array;
}

/** The first pickle of a file of `torch.save`. Source: torch/serialization.py, `MAGIC_NUMBER`. */
const magicNumber = 0x1950a86a20f9469cfc6cn;

/** Names that a state dict's pickle may refer to. Integers count batches: their values are left out. */
const rebuild = 'torch._utils._rebuild_tensor_v2';
const elementBytes: Readonly<Record<string, number>> = { 'torch.FloatStorage': 4, 'torch.LongStorage': 8 };
const allowedNames = [rebuild, 'collections.OrderedDict', ...Object.keys(elementBytes)];

/**
 * Reads the tensors of a state dict that `torch.save` wrote in its format before torch 1.6: five pickles, then the bytes of each storage.
 * Nothing in the file is run, and every size is checked against the file's before memory is taken.
 *
 * Source: `_legacy_save` and `_legacy_load` of torch/serialization.py.
 *
 * @returns The tensors of floating-point numbers by their names, in the file's order.
 * @throws Error that says what is wrong with the file.
 */
export function readStateDict(bytes: Uint8Array): Map<string, TorchTensor> {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    throw new Error("it is a zip archive of torch 1.6 or newer; save it with torch.save(..., _use_new_zipfile_serialization=False)"); // prettier-ignore
  }
  let position = 0;
  const next = () => {
    const { value, end } = readPickle(bytes, position, allowedNames);
    position = end;
    return value;
  };
  if (next() !== magicNumber) throw new Error('torch.save did not write it');
  // Skips the version of the format, and the writer's machine.
  next();
  checkMachine(next());
  const dictionary = next();
  const keys = next();
  return tensorsOf(dictionary, storagesOf(bytes, position, dictionary, keys));
}

function checkMachine(machine: PickledValue): void {
  const isLittleEndian = machine instanceof Map && machine.get('little_endian') === true;
  if (!isLittleEndian) throw new Error('it was written on a big-endian machine');
}

interface Storage {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** Finds the bytes of every storage: in the order of `keys`, each after its number of elements. */
function storagesOf(
  bytes: Uint8Array,
  start: number,
  dictionary: PickledValue,
  keys: PickledValue,
): Map<string, Storage> {
  const types = new Map(recordsOf(dictionary).map(({ storage: { key, type } }) => [key, type]));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const storages = new Map<string, Storage>();
  let position = start;
  for (const key of Array.isArray(keys) ? keys : []) {
    if (position + 8 > bytes.length) throw new Error('it ends early');
    const type = typeof key === 'string' ? types.get(key) : undefined;
    if (typeof key !== 'string' || type === undefined) throw new Error('it lists a storage that no tensor has');
    const size = view.getBigInt64(position, true) * BigInt(elementBytes[type] ?? 0);
    position += 8;
    if (size < 0n || size > BigInt(bytes.length - position)) throw new Error('it ends early');
    storages.set(key, { type, bytes: bytes.subarray(position, position + Number(size)) });
    position += Number(size);
  }
  return storages;
}

/** A tensor as the pickle describes it. */
interface TensorRecord {
  readonly name: string;
  readonly storage: { readonly key: string; readonly type: string };
  readonly offset: number;
  readonly shape: readonly number[];
  /** Elements of the storage from one index of a dimension to the next; a transposed tensor's are not those of its shape. */
  readonly strides: readonly number[];
}

function tensorsOf(dictionary: PickledValue, storages: ReadonlyMap<string, Storage>): Map<string, TorchTensor> {
  const tensors = new Map<string, TorchTensor>();
  for (const record of recordsOf(dictionary)) {
    const { name, storage, shape } = record;
    const stored = storages.get(storage.key);
    const elements = (stored?.bytes.length ?? 0) / (elementBytes[storage.type] ?? 1);
    // The size is checked too: with strides of 0, a small storage would make a large tensor.
    if (stored?.type !== storage.type || lastElement(record) >= elements || sizeOf(shape) > elements) {
      throw new Error(`its tensor ${JSON.stringify(name)} has more elements than its storage`);
    }
    if (storage.type === 'torch.FloatStorage') tensors.set(name, { shape, read: () => elementsOf(record, stored) });
  }
  return tensors;
}

/** Position of a tensor's last element in its storage; the first element's is at least 0. */
function lastElement({ offset, shape, strides }: TensorRecord): number {
  return shape.reduce((sum, size, i) => sum + Math.max(0, size - 1) * (strides[i] ?? 0), offset);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Copies a tensor's elements from its storage, in C order. */
function elementsOf({ offset, shape, strides }: TensorRecord, { bytes }: Storage): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements = new Float32Array(sizeOf(shape));
  // If one size is 0, the others may be anything.
  if (elements.length === 0) return elements;
  let written = 0;
  const copy = (dimension: number, at: number) => {
    if (dimension === shape.length) {
      elements[written] = view.getFloat32(at * 4, true);
      written += 1;
      return;
    }
    const stride = strides[dimension] ?? 0;
    for (let i = 0; i < (shape[dimension] ?? 0); i += 1) copy(dimension + 1, at + i * stride);
  };
  copy(0, offset);
  return elements;
}

function recordsOf(dictionary: PickledValue): TensorRecord[] {
  if (!(dictionary instanceof Map)) throw new Error('it holds no state dict');
  return [...dictionary].map(([name, value]) => {
    if (typeof name !== 'string') throw new Error('its state dict has a name that is not text');
    const record = recordOf(name, value);
    if (record) return record;
    throw new Error(`its ${JSON.stringify(name)} is not a tensor: save model.state_dict() alone`);
  });
}

/** What `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)` would make; null for anything else. */
function recordOf(name: string, value: PickledValue): TensorRecord | null {
  if (!(value instanceof PickledCall) || value.name !== rebuild) return null;
  const [persistent, offset, shape, strides] = value.args;
  const storage = persistent instanceof PersistentId ? storageOf(persistent.id) : null;
  if (!storage || !isCount(offset) || !isShape(shape) || !isShape(strides)) return null;
  return shape.length === strides.length ? { name, storage, offset, shape, strides } : null;
}

/** `('storage', type, key, location, elements, view)`. */
function storageOf(id: PickledValue): TensorRecord['storage'] | null {
  if (!Array.isArray(id) || id[0] !== 'storage' || id[5] !== null) return null;
  const [, type, key] = id;
  const isKnown = type instanceof PickledName && Object.hasOwn(elementBytes, type.name);
  return isKnown && typeof key === 'string' ? { key, type: type.name } : null;
}

const mostDimensions = 8;

function isShape(value: PickledValue | undefined): value is number[] {
  return Array.isArray(value) && value.length <= mostDimensions && value.every(isCount);
}

function isCount(value: PickledValue | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
