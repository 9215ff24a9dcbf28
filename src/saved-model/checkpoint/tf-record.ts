import { ByteReader, damagedFile } from './byte-reader.js';
import { crc32c, maskedCrc32c } from './crc32c.js';

/*
 * TFRecord files. A record is its length (8 bytes), the length's checksum, the bytes, their checksum, all little-endian.
 *
 * Source: the comment of `RecordWriter` in tsl/lib/io/record_writer.h.
 */

/** One record of a TFRecord file. */
export function encodeTfRecord(bytes: Uint8Array): Uint8Array {
  const record = Buffer.alloc(bytes.length + 16);
  record.writeBigUInt64LE(BigInt(bytes.length));
  record.writeUInt32LE(maskedCrc32c(crc32c(record.subarray(0, 8))), 8);
  record.set(bytes, 12);
  record.writeUInt32LE(maskedCrc32c(crc32c(bytes)), bytes.length + 12);
  return record;
}

/**
 * The records of a TFRecord file.
 *
 * @param limit Maximum number of records.
 * @param file Named in errors.
 * @throws SignetError `INVALID_SAVED_MODEL` when the file is damaged, cut off or holds more.
 */
export function readTfRecords(bytes: Uint8Array, limit: number, file: string): Uint8Array[] {
  const reader = new ByteReader(bytes, file);
  const records: Uint8Array[] = [];
  while (reader.remaining > 0) {
    if (records.length === limit) throw damagedFile(file, `it holds more than ${limit} records`);
    const number = records.length + 1;
    const lengthBytes = reader.take(8);
    checkChecksum(lengthBytes, reader.uint32(), `the length of record ${number}`, file);
    const length = new DataView(lengthBytes.buffer, lengthBytes.byteOffset, 8).getBigUint64(0, true);
    const record = reader.take(Number(length));
    checkChecksum(record, reader.uint32(), `record ${number}`, file);
    records.push(record);
  }
  return records;
}

function checkChecksum(bytes: Uint8Array, expected: number, what: string, file: string): void {
  if (maskedCrc32c(crc32c(bytes)) !== expected) throw damagedFile(file, `the checksum of ${what} differs`);
}
