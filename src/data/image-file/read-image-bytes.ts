import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

import { printable } from '../../text/printable.js';
import { ImageFault } from './image-problem.js';
import type { ImageFile } from './inspect-image-file.js';
import { readFromShard } from './open-shards.js';

/**
 * Reads the encoded bytes of an image, from its file or from its shard.
 *
 * @throws ImageFault `corrupt` for bytes of a shard that differ from the scanned ones; NodeJS.ErrnoException.
 */
export async function readImageBytes({ path, inShard, sizeBytes }: ImageFile): Promise<Buffer> {
  if (!inShard) return readFile(path);
  const { shard, offset, crc } = inShard;
  const bytes = await readFromShard(shard, offset, sizeBytes);
  if (bytes.length === sizeBytes && crc32(bytes) === crc) return bytes;
  throw new ImageFault('corrupt', `is not what was scanned: byte ${offset} of ${printable(shard)} begins other bytes`);
}
