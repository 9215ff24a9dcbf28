import { createHash } from 'node:crypto';

import { hashFile } from '../../files/hash-file.js';
import { mapConcurrently } from '../../files/map-concurrently.js';
import type { ImageFile } from '../image-file/inspect-image-file.js';
import { readImageBytes } from '../image-file/read-image-bytes.js';
import { classNamesOf, type ImageScan } from './image-scan.js';

/** The same bytes in several files. */
export interface DuplicateImages {
  /** Two or more; the training set's come first, each set in its own order. */
  readonly files: readonly DuplicateFile[];
}

/** One of several files with the same bytes. */
export interface DuplicateFile {
  readonly path: string;
  /** Name of its class, or of all of them. */
  readonly className: string;
  readonly set: 'training' | 'test';
}

/** Options of `findDuplicates`. */
export interface FindDuplicatesOptions {
  /** Ends the search early: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds images with the same bytes, within a training set and a test set and between them. Only files of the same size and
 * checksum are read.
 *
 * @returns Groups of the same bytes, in the order of their first files.
 */
export async function findDuplicates(
  training: ImageScan,
  test: ImageScan | null,
  { signal }: FindDuplicatesOptions = {},
): Promise<DuplicateImages[]> {
  const alike = groupBy(perhapsAlike(training, test), ({ image }) => `${image.sizeBytes} ${image.checksum}`);
  const candidates = [...alike.values()].filter((group) => group.length > 1).flat();
  const hashes = await mapConcurrently(candidates, 16, contentOf, signal);
  const hashed = candidates.map((file, i) => ({ file, hash: hashes[i] }));
  return [...groupBy(hashed, ({ hash }) => hash)]
    .filter(([hash, group]) => hash !== null && group.length > 1)
    .map(([, group]) => ({ files: group.map(({ file: { image, className, set } }) => ({ path: image.path, className, set })) })); // prettier-ignore
}

interface FileOfSet extends Omit<DuplicateFile, 'path'> {
  readonly image: ImageFile;
}

/**
 * The images that may have the size and checksum of another one. One number stands for both: it takes 8 bytes per image, where the strings of a map
 * would take 100. Different images rarely have the same number.
 */
function perhapsAlike(training: ImageScan, test: ImageScan | null): FileOfSet[] {
  const sorted = Float64Array.from([...training.files, ...(test?.files ?? [])], numberOf).sort();
  const repeated = new Set(sorted.filter((number, i) => number === sorted[i - 1]));
  const some = ({ files, classNames }: ImageScan, set: DuplicateFile['set']) =>
    files.flatMap((image) =>
      repeated.has(numberOf(image)) ? { image, className: classNamesOf(image, classNames).join(', '), set } : [],
    );
  return [...some(training, 'training'), ...(test ? some(test, 'test') : [])];
}

/** The checksum has 32 bits, which leaves 21 for the size. */
function numberOf({ sizeBytes, checksum = 0 }: ImageFile): number {
  return checksum * 2 ** 21 + sizeBytes;
}

/** @returns null for a file that is gone, which its reader reports. */
async function contentOf({ image }: FileOfSet): Promise<string | null> {
  try {
    if (image.sizeBytes > 1 << 20 && !image.inShard) return await hashFile(image.path);
    // Small files are read at once: a stream takes longer than its bytes.
    return createHash('sha256')
      .update(await readImageBytes(image))
      .digest('hex');
  } catch {
    return null;
  }
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
