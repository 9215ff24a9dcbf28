import { SignetError } from '../../errors.js';

/** Fields of the table `Model`; source: tensorflow/compiler/mlir/lite/schema/schema.fbs. */
const fields = { buffers: 4, metadata: 6, count: 8 };
/** Size of each field of `Model` in its table: five offsets of vectors, a version, and two more. All take four bytes. */
const fieldBytes = 4;
/** Buffers of weights lie at multiples of 16, so what is put before them must be one. */
const alignment = 16;

/**
 * Adds entries to the metadata of a LiteRT file (a FlatBuffer), each with a buffer of its own.
 *
 * Offsets in a FlatBuffer point forward. So a new root table can be put before the whole file: it has the old fields, and longer
 * lists of buffers and metadata whose old entries lie where they were.
 *
 * @param model Content of the file.
 * @param metadata Text or bytes by name.
 * @throws SignetError `NOT_EXPORTABLE` for what is not a LiteRT file.
 */
export function addMetadata(model: Uint8Array, metadata: Readonly<Record<string, string | Uint8Array>>): Uint8Array {
  const entries = Object.entries(metadata);
  if (entries.length === 0) return model;
  if (Buffer.from(model.subarray(4, 8)).toString('latin1') !== 'TFL3') {
    throw new SignetError('NOT_EXPORTABLE', 'The converter did not write a LiteRT file: it does not begin with TFL3.');
  }
  const old = readModel(model);
  const prefix = new Prefix();
  // Offsets point forward: what refers to others comes first.
  const root = prefix.reserve(4 + fields.count * fieldBytes);
  const firstBuffer = old.lists.buffers.length;
  const buffers = prefix.reserveList(firstBuffer + entries.length);
  const named = prefix.reserveList(old.lists.metadata.length + entries.length);
  const content = entries.map(([, value]) => prefix.buffer(Buffer.from(value)));
  prefix.list(buffers, [...old.lists.buffers.map(inOld), ...content]);
  const names = entries.map(([name], i) => prefix.metadataEntry(name, firstBuffer + i));
  prefix.list(named, [...old.lists.metadata.map(inOld), ...names]);
  prefix.root(root, old.fields.with(fields.buffers, buffers).with(fields.metadata, named));
  return prefix.before(model);
}

/** A place in the old file, whose distance from the beginning is only known when the prefix is complete. */
interface InOld {
  readonly old: number;
}
type Place = number | InOld;

const inOld = (old: number): InOld => ({ old });

interface OldModel {
  /** Places of the fields, or a number where the field is one; null where it is not there. */
  readonly fields: readonly (Place | { readonly value: number } | null)[];
  readonly lists: { readonly buffers: readonly number[]; readonly metadata: readonly number[] };
}

function readModel(model: Uint8Array): OldModel {
  const view = new DataView(model.buffer, model.byteOffset, model.byteLength);
  const root = view.getUint32(0, true);
  const table = root - view.getInt32(root, true);
  const size = view.getUint16(table, true);
  const at = (field: number) => (4 + field * 2 < size ? view.getUint16(table + 4 + field * 2, true) : 0);
  const target = (field: number) => root + at(field) + view.getUint32(root + at(field), true);
  const list = (field: number) => {
    if (at(field) === 0) return [];
    const start = target(field);
    return Array.from(
      { length: view.getUint32(start, true) },
      (_, i) => start + 4 + i * 4 + view.getUint32(start + 4 + i * 4, true),
    );
  };
  const all = Array.from({ length: fields.count }, (_, field) => {
    if (at(field) === 0) return null;
    // The first field is the schema's version, the others are offsets.
    return field === 0 ? { value: view.getUint32(root + at(field), true) } : inOld(target(field));
  });
  return { fields: all, lists: { buffers: list(fields.buffers), metadata: list(fields.metadata) } };
}

/** What is put before a FlatBuffer. */
class Prefix {
  readonly #words: (number | { readonly to: Place } | null)[] = [];
  readonly #bytes: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  #length = 8;

  /** Keeps room. @returns where it begins. */
  reserve(bytes: number): number {
    const at = Math.ceil(this.#length / 4) * 4;
    this.#length = at + bytes;
    return at;
  }

  /** Keeps room for a vector of offsets. */
  reserveList(length: number): number {
    return this.reserve(4 + length * 4);
  }

  /** Writes a vector of offsets where room was kept. */
  list(at: number, places: readonly Place[]): void {
    this.#set(at, places.length);
    places.forEach((place, i) => this.#set(at + 4 + i * 4, { to: place }));
  }

  /** Writes a table `Buffer`: its only field is the vector `data`. */
  buffer(data: Uint8Array): number {
    const table = this.#table(1);
    const vector = this.#vector(data);
    this.#set(table + 4, { to: vector });
    return table;
  }

  /** Writes a table `Metadata`: a name, and the number of a buffer. */
  metadataEntry(name: string, buffer: number): number {
    const table = this.#table(2);
    const bytes = Buffer.from(`${name}\0`);
    const text = this.#vector(bytes, bytes.length - 1);
    this.#set(table + 4, { to: text });
    this.#set(table + 8, buffer);
    return table;
  }

  /** Writes the new root table where room was kept. */
  root(at: number, values: OldModel['fields']): void {
    const vtable = this.reserve(4 + values.length * 2);
    const offsets = values.map((value, i) => (value === null ? 0 : 4 + i * fieldBytes));
    this.#writeVtable(vtable, 4 + values.length * fieldBytes, offsets);
    this.#set(at, at - vtable);
    values.forEach((value, i) => {
      if (value !== null)
        this.#set(at + 4 + i * fieldBytes, typeof value === 'object' && 'value' in value ? value.value : { to: value });
    });
    this.#set(0, { to: at });
  }

  before(model: Uint8Array): Uint8Array {
    const length = Math.ceil(this.#length / alignment) * alignment;
    const file = Buffer.alloc(length + model.length);
    file.write('TFL3', 4, 'latin1');
    this.#words.forEach((word, i) => {
      if (word === null) return;
      const at = i * 4;
      if (typeof word === 'number') file.writeInt32LE(word | 0, at);
      else file.writeUInt32LE((typeof word.to === 'number' ? word.to : length + word.to.old) - at, at);
    });
    for (const { at, bytes } of this.#bytes) file.set(bytes, at);
    file.set(model, length);
    return file;
  }

  /** Writes a table of fields of four bytes each, still empty. */
  #table(count: number): number {
    const size = 4 + count * 4;
    const vtable = this.reserve(4 + count * 2);
    this.#writeVtable(
      vtable,
      size,
      Array.from({ length: count }, (_, i) => 4 + i * 4),
    );
    const at = this.reserve(size);
    this.#set(at, at - vtable);
    return at;
  }

  #vector(data: Uint8Array, length = data.length): number {
    const at = this.reserve(4 + data.length);
    this.#set(at, length);
    this.#bytes.push({ at: at + 4, bytes: data });
    return at;
  }

  #writeVtable(at: number, size: number, offsets: readonly number[]): void {
    const bytes = Buffer.alloc(4 + offsets.length * 2);
    [bytes.length, size, ...offsets].forEach((value, i) => bytes.writeUInt16LE(value, i * 2));
    this.#bytes.push({ at, bytes });
  }

  #set(at: number, word: number | { readonly to: Place }): void {
    while (this.#words.length <= at / 4) this.#words.push(null);
    this.#words[at / 4] = word;
  }
}
