import { crc32 } from 'node:zlib';

import { ImageFault } from './image-problem.js';

/**
 * Checks the checksums of a PNG's chunks as far as they lie in its first bytes: sharp lets a header with a flipped bit
 * pass, TensorFlow does not. As in libpng, those of chunks that are no part of the picture do not matter.
 *
 * @throws ImageFault `corrupt`.
 */
export function checkPngChecksums(head: Buffer): void {
  let at = 8;
  while (at + 12 <= head.length) {
    const end = at + 8 + head.readUInt32BE(at);
    if (end + 4 > head.length) return;
    const isCritical = ((head[at + 4] ?? 0) & 0x20) === 0;
    if (isCritical && crc32(head.subarray(at + 4, end)) !== head.readUInt32BE(end)) {
      throw new ImageFault('corrupt', 'is PNG with bytes that fail their checksum');
    }
    at = end + 4;
  }
}
