import path from 'node:path';

import * as v from 'valibot';

import { SignetError } from '../../errors.js';
import { readJson, wholeNumber } from '../../files/read-json.js';
import { replaceFile } from '../../files/replace.js';
import { jsonText } from '../../text/printable.js';
import { textOf } from '../remote/any-folder.js';
import { joinLocation, shownLocation } from '../remote/location.js';

/** File that `pack-dataset` writes last: a data set with one is complete. */
export const shardIndexFile = 'shards.json';

const mostBytes = 64 * 2 ** 20;
const fileName = v.pipe(
  v.string(),
  v.regex(/^[\w-][\w.-]*$/, 'a file name of letters, digits, points, dashes and underscores'),
);

const shardSchema = v.object({
  file: fileName,
  images: wholeNumber(),
  bytes: wholeNumber(),
  sha256: v.pipe(v.string(), v.regex(/^[\da-f]{64}$/, 'a SHA-256 in hexadecimal')),
});

const indexSchema = v.object({
  format: v.literal('signet-shards-1'),
  container: v.picklist(['tfrecord', 'webdataset']),
  classes: v.array(v.pipe(v.string(), v.maxLength(1000))),
  multiLabel: v.boolean(),
  images: wholeNumber(),
  /** SHA-256 of the images that were packed, and of the options. */
  plan: v.string(),
  shards: v.array(shardSchema),
});

/** Content of a packed data set: classes in the order of their numbers, and shards. */
export type ShardIndex = v.InferOutput<typeof indexSchema>;

/** A shard that is whole. */
export type PackedShard = v.InferOutput<typeof shardSchema>;

/** A schema for complete shards in the state of a run that is not finished. */
export const packedShards = v.array(shardSchema);

/**
 * Reads the index of a packed data set.
 *
 * @returns Null if there is none.
 * @throws SignetError `INVALID_DATASET` for one that cannot be used; RemoteError.
 */
export async function readShardIndex(directory: string): Promise<ShardIndex | null> {
  const file = joinLocation(directory, shardIndexFile);
  const error = (problem: string, cause: unknown) =>
    new SignetError('INVALID_DATASET', `${shownLocation(file)} is not the index of a packed data set: ${problem}.`, { cause }); // prettier-ignore
  return readJson(file, { mostBytes, schema: indexSchema, error, readText: textOf });
}

/** Writes the index of a packed data set. */
export async function writeShardIndex(directory: string, index: ShardIndex): Promise<void> {
  await replaceFile(path.join(directory, shardIndexFile), `${jsonText(index, 2)}\n`);
}
