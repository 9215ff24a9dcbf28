/** The reflected polynomial of CRC-32C (Castagnoli), RFC 3720 appendix B.4. */
const polynomial = 0x82f63b78;

/**
 * Slicing by eight: entry `256 k + byte` advances a byte k places before the end of a group of eight. One flat array and no closures in the loop: it
 * runs over 100 MB of weights at every checkpoint.
 */
const table = new Uint32Array(8 * 256);
for (let byte = 0; byte < 256; byte += 1) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
  table[byte] = crc;
}
for (let i = 256; i < table.length; i += 1) {
  const crc = table[i - 256] ?? 0;
  table[i] = (table[crc & 255] ?? 0) ^ (crc >>> 8);
}

/**
 * CRC-32C of `bytes`, continuing from `previous`: `crc32c(b, crc32c(a))` is the checksum of a followed by b.
 */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const grouped = bytes.length - (bytes.length % 8);
  let crc = ~previous;
  for (let i = 0; i < grouped; i += 8) {
    const low = crc ^ view.getInt32(i, true);
    const high = view.getInt32(i + 4, true);
    crc =
      (table[1792 + (low & 255)] ?? 0) ^
      (table[1536 + ((low >>> 8) & 255)] ?? 0) ^
      (table[1280 + ((low >>> 16) & 255)] ?? 0) ^
      (table[1024 + (low >>> 24)] ?? 0) ^
      (table[768 + (high & 255)] ?? 0) ^
      (table[512 + ((high >>> 8) & 255)] ?? 0) ^
      (table[256 + ((high >>> 16) & 255)] ?? 0) ^
      (table[high >>> 24] ?? 0);
  }
  for (let i = grouped; i < bytes.length; i += 1) crc = (table[(crc ^ (bytes[i] ?? 0)) & 255] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/**
 * A checksum as TensorFlow stores it next to the data that it covers.
 *
 * Source: `crc32c::Mask` in tsl/lib/hash/crc32c.h.
 */
export function maskedCrc32c(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
