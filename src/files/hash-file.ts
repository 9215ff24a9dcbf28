import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** A checksum of a file's content, in hexadecimal. */
export async function hashFile(
  path: string,
  signal?: AbortSignal,
  algorithm: 'md5' | 'sha256' = 'sha256',
): Promise<string> {
  const hash = createHash(algorithm);
  const stream = createReadStream(path, { highWaterMark: 1 << 20 });
  await pipeline(stream, hash, ...(signal === undefined ? [] : [{ signal }]));
  return hash.digest('hex');
}
