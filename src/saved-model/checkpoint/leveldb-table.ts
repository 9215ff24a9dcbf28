import { crc32c, maskedCrc32c } from './crc32c.js';

/** A key with its value; tables are sorted by key, byte by byte. */
export type TableEntry = readonly [key: Uint8Array, value: Uint8Array];

const restartInterval = 16;
const footerLength = 48;
const magic = [0x8b80fb57, 0xdb477524] as const;

/**
 * The bytes of a LevelDB table with one data block, as TensorFlow reads `variables.index`.
 *
 * Source: tsl/lib/io/format.h and tsl/lib/io/block_builder.cc. Blocks are followed by a compression byte (0: none) and a
 * masked CRC-32C; the footer holds the handles of the meta index and the index block and the magic number.
 *
 * @param entries Sorted by key.
 */
export function encodeTable(entries: readonly TableEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let position = 0;
  const append = (block: Uint8Array) => {
    const withType = Buffer.concat([block, Buffer.of(0)]);
    parts.push(withType, uint32(maskedCrc32c(crc32c(withType))));
    const handle = Buffer.concat([varint(position), varint(block.length)]);
    position += withType.length + 4;
    return handle;
  };
  const data = append(encodeBlock(entries, restartInterval));
  const metaIndex = append(encodeBlock([], restartInterval));
  const lastKey = entries.at(-1)?.[0] ?? new Uint8Array();
  // An index key is any key not before the block's last: that key with one more byte.
  const index = append(encodeBlock([[Buffer.concat([lastKey, Buffer.of(0)]), data]], 1));
  const footer = Buffer.alloc(footerLength);
  Buffer.concat([metaIndex, index]).copy(footer);
  footer.writeUInt32LE(magic[0], footerLength - 8);
  footer.writeUInt32LE(magic[1], footerLength - 4);
  return Buffer.concat([...parts, footer]);
}

/** Encodes entries without the beginning of the key that they share with the entry before; every `interval`-th key is written whole. */
function encodeBlock(entries: readonly TableEntry[], interval: number): Uint8Array {
  const parts: Uint8Array[] = [];
  const restarts: number[] = [];
  let length = 0;
  let previous: Uint8Array = new Uint8Array();
  entries.forEach(([key, value], i) => {
    const isRestart = i % interval === 0;
    if (isRestart) restarts.push(length);
    const shared = isRestart ? 0 : sharedLength(previous, key);
    const entry = Buffer.concat([
      varint(shared),
      varint(key.length - shared),
      varint(value.length),
      key.subarray(shared),
      value,
    ]);
    parts.push(entry);
    length += entry.length;
    previous = key;
  });
  if (restarts.length === 0) restarts.push(0);
  return Buffer.concat([...parts, ...restarts.map(uint32), uint32(restarts.length)]);
}

function sharedLength(a: Uint8Array, b: Uint8Array): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}

/** A number in groups of seven bits, the lowest first, as protocol buffers and LevelDB write it. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

/** Four bytes, the lowest first. */
export function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}
