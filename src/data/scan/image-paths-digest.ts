import { createHash } from 'node:crypto';
import path from 'node:path';

import type { ImageScan } from './image-scan.js';

/**
 * SHA-256, in hexadecimal, of the paths of the images within their data set, in order: by this the workers of a distributed training tell that
 * they go on with the images that they began with, `digest` in deploy/distributed/image_files.py.
 */
export function imagePathsDigest({ directory, files }: ImageScan): string {
  const paths = files.map((file) => path.relative(directory, file.path).replaceAll(path.sep, '/'));
  return createHash('sha256').update(paths.join('\0')).digest('hex');
}
