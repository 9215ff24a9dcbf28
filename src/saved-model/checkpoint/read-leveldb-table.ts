import { ByteReader, damagedFile } from './byte-reader.js';
import { crc32c, maskedCrc32c } from './crc32c.js';
import { SignetError } from '../../errors.js';
import type { TableEntry } from './leveldb-table.js';

const footerLength = 48;
/** After a block: one byte for the compression, and a checksum of four bytes. */
const trailerLength = 5;
const magic = '57fb808b247547db';
const compressions: Readonly<Record<number, string>> = { 1: 'Snappy', 2: 'Zstandard' };

/**
 * Keys share their beginnings on disk, so a small hostile file could expand to any amount of memory. The index of a checkpoint with a million
 * variables stays below this.
 */
const maxKeyBytes = 2 ** 28;

/**
 * The entries of a LevelDB table, in order; the opposite of `encodeTable`, for tables with any number of blocks.
 *
 * Source: tsl/lib/io/format.cc, tsl/lib/io/block.cc. Every block's checksum is verified. Blocks and keys must be in order, as every writer leaves
 * them, so a table never expands to much more than its own size.
 *
 * @param file The name for messages.
 * @throws SignetError `INVALID_SAVED_MODEL` when the bytes are not a table, are damaged, or are compressed.
 */
export function decodeTable(bytes: Uint8Array, file: string): TableEntry[] {
  const footer = bytes.subarray(Math.max(0, bytes.length - footerLength));
  if (Buffer.from(footer.subarray(-8)).toString('hex') !== magic || footer.length < footerLength) {
    throw damagedFile(file, 'it does not end as a LevelDB table does');
  }
  const body = bytes.subarray(0, bytes.length - footerLength);
  const handles = new ByteReader(footer, file);
  readHandle(handles);
  const keys = new KeyOrder(file);
  const entries: TableEntry[] = [];
  let end = 0;
  for (const [, handle] of blockEntries(readBlock(body, readHandle(handles), file), file)) {
    const place = readHandle(new ByteReader(handle, file));
    if (place.offset < end) throw damagedFile(file, 'its blocks overlap');
    end = place.offset + place.size;
    for (const entry of blockEntries(readBlock(body, place, file), file)) {
      keys.add(entry[0]);
      entries.push(entry);
    }
  }
  return entries;
}

/** Position of a block in the file. */
interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

function readHandle(reader: ByteReader): BlockHandle {
  return { offset: reader.varint(), size: reader.varint() };
}

/** A block's content, after its checksum has been verified. */
function readBlock(body: Uint8Array, { offset, size }: BlockHandle, file: string): Uint8Array {
  if (offset + size + trailerLength > body.length) {
    throw damagedFile(file, `a block is said to lie at ${offset} to ${offset + size} of ${body.length} bytes`);
  }
  const covered = body.subarray(offset, offset + size + 1);
  const stored = new ByteReader(body.subarray(offset + size + 1, offset + size + trailerLength), file).uint32();
  if (maskedCrc32c(crc32c(covered)) !== stored)
    throw damagedFile(file, `the checksum of the block at ${offset} differs`);
  const compression = covered[size] ?? 0;
  if (compression !== 0) {
    throw new SignetError(
      'INVALID_SAVED_MODEL',
      `${file} is compressed by ${compressions[compression] ?? `method ${compression}`}. Expected: an uncompressed table, as TensorFlow writes it. Save the model again with TensorFlow or Signet.`,
    );
  }
  return covered.subarray(0, size);
}

/** The entries of a block. A key's first number says how many bytes it shares with the key before it. */
function* blockEntries(block: Uint8Array, file: string): Generator<TableEntry> {
  const tooShort = () => damagedFile(file, 'a block in it is too short');
  if (block.length < 4) throw tooShort();
  const restarts = new ByteReader(block.subarray(-4), file).uint32();
  const length = block.length - 4 * (restarts + 1);
  if (length < 0) throw tooShort();
  const reader = new ByteReader(block.subarray(0, length), file);
  let key: Uint8Array = new Uint8Array();
  let keyBytes = 0;
  while (reader.remaining > 0) {
    const shared = reader.varint();
    const rest = reader.varint();
    const valueLength = reader.varint();
    if (shared > key.length) throw damagedFile(file, 'a key shares more than the key before it has');
    keyBytes += shared;
    if (keyBytes > maxKeyBytes) throw damagedFile(file, `its keys take more than ${maxKeyBytes} bytes`);
    key = Buffer.concat([key.subarray(0, shared), reader.take(rest)]);
    yield [key, reader.take(valueLength)];
  }
}

/** Checks that keys are in order and within bounds. */
class KeyOrder {
  #previous: Uint8Array | null = null;
  #bytes = 0;

  constructor(private readonly file: string) {}

  add(key: Uint8Array): void {
    if (this.#previous && Buffer.compare(this.#previous, key) >= 0)
      throw damagedFile(this.file, 'its keys are not in order');
    this.#bytes += key.length;
    if (this.#bytes > maxKeyBytes) throw damagedFile(this.file, `its keys take more than ${maxKeyBytes} bytes`);
    this.#previous = key;
  }
}
