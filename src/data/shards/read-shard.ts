import { SignetError, wordsOf } from '../../errors.js';
import { mapInOrder } from '../../files/map-in-order.js';
import { printable } from '../../text/printable.js';
import { defaultImageLimits, type ImageLimits } from '../image-file/image-limits.js';
import { exampleSample, type FeatureNames } from './example-sample.js';
import type { Container } from './find-shards.js';
import type { FoundSample, SampleOptions, ShardFault } from './sample.js';
import { ShardReader } from './shard-reader.js';
import { type ShardRow, shardRow } from './shard-row.js';
import { tarMembers } from './tar-members.js';
import { tfRecords } from './tf-records.js';
import { webDatasetSamples } from './webdataset-sample.js';

/** Options for reading a shard. */
export interface ReadShardOptions extends ImageLimits, SampleOptions, FeatureNames {
  /** Number of images inspected at the same time. Default: 16. */
  readonly concurrency?: number | undefined;
  /** Called with the number of bytes read since the last call. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Ends the reading early: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Result of reading a whole shard. */
export interface ReadShard {
  readonly rows: readonly ShardRow[];
  readonly sha256: string;
}

/** Number of bytes that a record may have in addition to the image. */
const otherBytes = 1 << 20;

/**
 * Reads a shard once: finds its images, verifies their checksums and inspects each one's header. Memory holds the images that are being inspected,
 * and a row for each image.
 *
 * @throws SignetError `INVALID_DATASET` for a shard that cannot be read.
 */
export async function readShard(file: string, container: Container, options: ReadShardOptions): Promise<ReadShard> {
  const reader = await ShardReader.open(file, options.signal).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  try {
    const rows: ShardRow[] = [];
    let reported = 0;
    const samples = samplesOf(reader, container, options);
    for await (const row of mapInOrder(samples, options.concurrency ?? 16, (each) => shardRow(each, options))) {
      options.signal?.throwIfAborted();
      rows.push(row);
      options.onBytes?.(reader.position - reported);
      reported = reader.position;
    }
    return { rows, sha256: await reader.finishHash() };
  } catch (error) {
    throw options.signal?.aborted ? error : unreadable(file, error);
  } finally {
    await reader.close();
  }
}

async function* samplesOf(
  reader: ShardReader,
  container: Container,
  options: ReadShardOptions,
): AsyncGenerator<FoundSample | ShardFault> {
  const { maxFileBytes } = { ...defaultImageLimits, ...options };
  if (container === 'webdataset') {
    yield* webDatasetSamples(tarMembers(reader, maxFileBytes), options);
    return;
  }
  for await (const record of tfRecords(reader, maxFileBytes + otherBytes)) {
    yield 'fault' in record ? record : exampleSample(record, options);
  }
}

function unreadable(file: string, error: unknown): SignetError {
  if (error instanceof SignetError) return error;
  return new SignetError('INVALID_DATASET', `The shard ${printable(file)} cannot be read: ${wordsOf(error)}`, { cause: error }); // prettier-ignore
}
