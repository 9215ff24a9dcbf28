import path from 'node:path';

import { SignetError } from '../../errors.js';
import { byCodePoint } from '../../text/by-code-point.js';
import { printable } from '../../text/printable.js';
import { defaultImageLimits } from '../image-file/image-limits.js';
import type { ImageProblem } from '../image-file/image-problem.js';
import type { ImageFile } from '../image-file/inspect-image-file.js';
import { inspectDeepImages } from '../scan/deep-images.js';
import type { ImageScan } from '../scan/image-scan.js';
import { inspectImages, type InspectOptions, isImage } from '../scan/inspect-images.js';
import { findShards } from '../shards/find-shards.js';
import { scanShards } from '../shards/scan-shards.js';
import type { Subset } from './list-row.js';
import { type ListedImage, readImageList } from './read-image-list.js';

/** Options of `scanImageList`. */
export interface ScanListOptions extends InspectOptions {
  /** Parts of the data set to use, if the list has a column for them. Default: all. */
  readonly subsets?: readonly Subset[] | undefined;
}

/**
 * Reads a list of images with their labels, see `readImageList`, and inspects every file that it names.
 *
 * Only headers are read. Files that cannot be used are in `problems`, with their lines; `assertUsable` says what to do about them.
 *
 * @throws SignetError `INVALID_DATASET` for a list that cannot be used, with its faults by line, or that has no image for the requested parts.
 */
export async function scanImageList(file: string, options: ScanListOptions = {}): Promise<ImageScan> {
  const { subsets } = options;
  const { classNames, isMultiLabel, images, notes } = await readImageList(file);
  const wanted = images
    .filter(({ subset }) => subset === null || !subsets || subsets.includes(subset))
    .sort((a, b) => byCodePoint(a.path, b.path));
  if (wanted.length === 0) throw noneWanted(file, subsets ?? []);
  const inspected = await inspectListed(wanted, options);
  const found = wanted.flatMap((image, i) => {
    const one = inspected[i];
    return one ? [withRow(one, image, isMultiLabel)] : [];
  });
  const files = found.filter(isImage);
  const deepImages = await inspectDeepImages(files, options.maxPixels ?? defaultImageLimits.maxPixels);
  return {
    directory: path.dirname(file),
    list: file,
    classNames,
    isMultiLabel,
    files,
    problems: found.filter((each) => 'kind' in each),
    notes: {
      strayFiles: [],
      unusedDirectories: [],
      repeatedDirectories: [],
      ofList: notes,
      ...(deepImages && { deepImages }),
    },
  };
}

/** @returns An image or a problem for each, in their order. */
async function inspectListed(images: readonly ListedImage[], options: InspectOptions) {
  const ownFiles = images.filter(({ shards }) => shards === undefined);
  const inspected = (await inspectImages(ownFiles.map(foundOf), options)).values();
  const packed = await imagesInShards(images, options);
  return images.map((image) => (image.shards === undefined ? inspected.next().value : packed(image)));
}

function foundOf({ path: file, labels }: ListedImage) {
  return { path: file, label: labels[0] ?? -1 };
}

/** Finds images in the shards that a list names for them. */
async function imagesInShards(images: readonly ListedImage[], options: InspectOptions) {
  const sets = new Set(images.flatMap(({ shards }) => shards ?? []));
  const known = new Map<string, ImageFile | ImageProblem>();
  for (const name of sets) {
    const set = await findShards(name);
    // The list splits and labels them, whatever the shards say. Shards of pack-dataset are read as usual, since that may be in the cache.
    const areLabelled = set?.index === null;
    const how = {
      ...options,
      subsets: undefined,
      onProgress: undefined,
      remember: options.memory !== undefined,
      areLabelled,
    };
    const scan = set && (await scanShards(set, how));
    for (const image of [...(scan?.files ?? []), ...(scan?.problems ?? [])]) known.set(path.resolve(image.path), image);
  }
  return (image: ListedImage): ImageFile | ImageProblem => {
    const found = known.get(path.resolve(image.path));
    const message = `is not in the shards ${printable(image.shards ?? '')}`;
    if (!found) return { path: image.path, kind: 'unreadable', message };
    if (!isImage(found)) return { ...found, path: image.path };
    // These come from the list.
    const listed: { -readonly [K in keyof ImageFile]: ImageFile[K] } = { ...found, ...foundOf(image) };
    delete listed.labels;
    delete listed.subset;
    return listed;
  };
}

function withRow(
  inspected: ImageFile | ImageProblem,
  { labels, subset, line }: ListedImage,
  isMultiLabel: boolean,
): ImageFile | ImageProblem {
  if (!isImage(inspected)) return { ...inspected, message: `${inspected.message} (line ${line} of the list)` };
  return { ...inspected, ...(isMultiLabel && { labels }), ...(subset && { subset }) };
}

function noneWanted(file: string, subsets: readonly Subset[]): SignetError {
  const words = subsets.map((subset) => (subset === 'training' ? 'train' : subset));
  return new SignetError(
    'INVALID_DATASET',
    `The list ${printable(file)} has no image for this: its column split never says ${words.join(' or ')}.`,
  );
}
