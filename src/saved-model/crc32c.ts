/** The reflected polynomial of CRC-32C (Castagnoli), RFC 3720 appendix B.4. */
const polynomial = 0x82f63b78;

/** Slicing by eight: `tables[k][byte]` advances a byte that stands k places before the end of a group of eight. */
const tables = Array.from({ length: 8 }, () => new Uint32Array(256));
const [table] = tables as [Uint32Array];
for (let byte = 0; byte < 256; byte += 1) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
  table[byte] = crc;
}
for (let byte = 0; byte < 256; byte += 1) {
  let crc = table[byte] ?? 0;
  for (const further of tables.slice(1)) {
    crc = (table[crc & 255] ?? 0) ^ (crc >>> 8);
    further[byte] = crc;
  }
}
const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

/**
 * CRC-32C of `bytes`, continuing from `previous`: `crc32c(b, crc32c(a))` is the checksum of a followed by b.
 */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  let crc = ~previous;
  let i = 0;
  const at = (table: Uint32Array, index: number) => table[index] ?? 0;
  for (const end = bytes.length - 7; i < end; i += 8) {
    const byte = (k: number) => bytes[i + k] ?? 0;
    crc ^= byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24);
    crc =
      at(t7, crc & 255) ^
      at(t6, (crc >>> 8) & 255) ^
      at(t5, (crc >>> 16) & 255) ^
      at(t4, crc >>> 24) ^
      at(t3, byte(4)) ^
      at(t2, byte(5)) ^
      at(t1, byte(6)) ^
      at(t0, byte(7));
  }
  for (; i < bytes.length; i += 1) crc = at(t0, (crc ^ (bytes[i] ?? 0)) & 255) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/**
 * A checksum as TensorFlow stores it beside the data that it covers.
 *
 * Source: `crc32c::Mask` in tsl/lib/hash/crc32c.h.
 */
export function maskedCrc32c(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
