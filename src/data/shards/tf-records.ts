import { crc32c, maskedCrc32c } from '../../saved-model/checkpoint/crc32c.js';
import type { ShardFault } from './sample.js';
import type { ShardReader } from './shard-reader.js';

/** A record of a TFRecord file. */
export interface TfRecord {
  /** Offset of its payload in the file. */
  readonly offset: number;
  readonly payload: Buffer;
}

/**
 * Reads the records of a TFRecord file and checks their checksums.
 *
 * A payload that fails its checksum is reported, and reading continues after it. After an invalid length nothing more can be found: it is reported,
 * and reading ends.
 *
 * Source: the comment of `RecordWriter` in tsl/lib/io/record_writer.h.
 *
 * @param mostBytes Larger records are reported, and no memory is allocated for them.
 */
export async function* tfRecords(reader: ShardReader, mostBytes: number): AsyncGenerator<TfRecord | ShardFault> {
  while (reader.remaining > 0) {
    const at = reader.position;
    const rest = `${reader.remaining} bytes are left`;
    const broken = (fault: string): ShardFault => ({ offset: at, kind: 'corrupt', fault: `${fault}; what follows is lost` }); // prettier-ignore
    if (reader.remaining < 16) {
      yield broken(`breaks off within a record: ${rest}`);
      return;
    }
    const head = await reader.take(12);
    if (checksum(head.subarray(0, 8)) !== head.readUInt32LE(8)) {
      yield broken(at === 0 ? notARecord(head) : 'has a record whose length fails its checksum');
      return;
    }
    const length = Number(head.readBigUInt64LE(0));
    if (length + 4 > reader.remaining) {
      yield broken(`breaks off within a record of ${length} bytes: ${rest}`);
      return;
    }
    if (length > mostBytes) {
      await reader.skip(length + 4);
      yield { offset: at, kind: 'too-large', fault: `has a record of ${length} bytes: more than ${mostBytes}` };
      continue;
    }
    const payload = await reader.take(length);
    const expected = (await reader.take(4)).readUInt32LE(0);
    if (checksum(payload) === expected) yield { offset: at + 12, payload };
    else yield { offset: at, kind: 'corrupt', fault: 'has a record that fails its checksum' };
  }
}

function checksum(bytes: Uint8Array): number {
  return maskedCrc32c(crc32c(bytes));
}

function notARecord(head: Buffer): string {
  const isGzip = head.readUInt16BE(0) === 0x1f8b;
  return isGzip ? 'is compressed with gzip: unpack it with gunzip' : 'is not a TFRecord file: its first length fails its checksum'; // prettier-ignore
}
