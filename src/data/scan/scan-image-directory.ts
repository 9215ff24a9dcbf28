import { byCodePoint } from '../../text/by-code-point.js';
import { checkDataset, checkDirectory, chooseClasses } from './check-dataset.js';
import { type ClassDirectory, findClassDirectories } from './find-class-directories.js';
import { findImageFiles } from './find-image-files.js';
import { inspectDeepImages } from './deep-images.js';
import { defaultImageLimits } from '../image-file/image-limits.js';
import type { ImageProblem } from '../image-file/image-problem.js';
import type { ImageScan } from './image-scan.js';
import { inspectImages, type InspectOptions, isImage } from './inspect-images.js';

/** Options of `scanImageDirectory`, with the names of Keras's `image_dataset_from_directory` where it has them. */
export interface ScanOptions extends InspectOptions {
  /** The classes to use, in the order of their labels. Default: every directory, sorted by code point. */
  readonly classNames?: readonly string[] | undefined;
}

/**
 * Inspects every file of a directory that holds a directory of images for each class, before anything is trained.
 *
 * Only headers are read. Files that cannot be used are in `problems`, all of them; `assertUsable` says what to do about
 * them. Hidden files and files that operating systems leave behind are skipped.
 *
 * @example
 * ```ts
 * const { scan } = assertUsable(await scanImageDirectory('data/digits/train'), 'fail');
 * ```
 *
 * @throws SignetError `INVALID_DATASET` if there is nothing to train on: no such directory, fewer than two classes, a class
 *   without usable images. The message lists all that is wrong, bad images included.
 */
export async function scanImageDirectory(directory: string, options: ScanOptions = {}): Promise<ImageScan> {
  await checkDirectory(directory);
  const found = await findClassDirectories(directory);
  const { classes, unusedDirectories } = chooseClasses(directory, found.classes, options.classNames);
  const { images, problems, repeatedDirectories } = await findImages(classes, options.signal);
  const inspected = await inspectImages(images, options);
  const files = inspected.filter(isImage);
  const deepImages = await inspectDeepImages(files, options.maxPixels ?? defaultImageLimits.maxPixels);
  const scan: ImageScan = {
    directory,
    classNames: classes.map(({ name }) => name),
    files,
    problems: [...found.problems, ...problems, ...inspected.filter((one) => 'kind' in one)].sort(byPath),
    notes: { strayFiles: found.strayFiles, unusedDirectories, repeatedDirectories, ...(deepImages && { deepImages }) },
  };
  checkDataset(scan, found.problems);
  return scan;
}

interface FoundImages {
  /** Sorted by path. */
  readonly images: { readonly path: string; readonly label: number }[];
  readonly problems: ImageProblem[];
  readonly repeatedDirectories: string[];
}

async function findImages(classes: readonly ClassDirectory[], signal?: AbortSignal): Promise<FoundImages> {
  const found: FoundImages = { images: [], problems: [], repeatedDirectories: [] };
  for (const [label, { path: directory }] of classes.entries()) {
    signal?.throwIfAborted();
    const { paths, problems, repeatedDirectories } = await findImageFiles(directory);
    for (const path of paths) found.images.push({ path, label });
    found.problems.push(...problems);
    found.repeatedDirectories.push(...repeatedDirectories);
  }
  found.images.sort(byPath);
  return found;
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return byCodePoint(a.path, b.path);
}
