import { crc32c, maskedCrc32c } from './crc32c.js';

/**
 * One record of a TFRecord file: its length (8 bytes), the length's checksum, the bytes, their checksum, all little-endian.
 *
 * Source: the comment of `RecordWriter` in tsl/lib/io/record_writer.h.
 */
export function encodeTfRecord(bytes: Uint8Array): Uint8Array {
  const record = Buffer.alloc(bytes.length + 16);
  record.writeBigUInt64LE(BigInt(bytes.length));
  record.writeUInt32LE(maskedCrc32c(crc32c(record.subarray(0, 8))), 8);
  record.set(bytes, 12);
  record.writeUInt32LE(maskedCrc32c(crc32c(bytes)), bytes.length + 12);
  return record;
}
