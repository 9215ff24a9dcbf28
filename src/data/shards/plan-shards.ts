import { createHash } from 'node:crypto';
import path from 'node:path';

import { createRandom, deriveSeed, shuffled } from '../dataset/random.js';
import type { ImageFile } from '../image-file/inspect-image-file.js';
import { type ImageScan, labelsOf, pathWithin } from '../scan/image-scan.js';
import type { Container } from './find-shards.js';

/** How images are packed. */
export interface PackingOptions {
  readonly container: Container;
  /** Seed for the order of the images in the shards. */
  readonly seed: number;
  /** Approximate size of a shard in MiB. */
  readonly shardMebibytes: number;
  /** Length of the shorter side, in pixels, to which larger images are reduced; null leaves every image unchanged. */
  readonly resize: number | null;
}

/** An image with its name in its shard. */
export interface NamedImage {
  readonly file: ImageFile;
  readonly name: string;
}

/** Assignment of images to shards. */
export interface PackingPlan {
  /** SHA-256 of the images, by their headers, and of the options: a repeated run has the same. */
  readonly digest: string;
  /** Files and images of each shard. */
  readonly shards: readonly { readonly file: string; readonly images: readonly NamedImage[] }[];
}

/** Shuffles images and divides them into shards. The same images and options always give the same plan. */
export function planShards(scan: ImageScan, options: PackingOptions): PackingPlan {
  const { container, seed } = options;
  const named = nameImages(scan);
  const groups = divide(shuffled(named, createRandom(deriveSeed(seed, 'pack'))), options);
  const total = String(groups.length).padStart(5, '0');
  const ending = container === 'tfrecord' ? 'tfrecord' : 'tar';
  return {
    digest: digestOf(scan, named, options),
    shards: groups.map((images, i) => ({ file: `shard-${String(i).padStart(5, '0')}-of-${total}.${ending}`, images })),
  };
}

/** Names images by their paths within the data set's folder, or within the nearest folder that holds everything a list names. */
function nameImages(scan: ImageScan): NamedImage[] {
  const within = scan.files.map((file) => ({ file, name: pathWithin(scan, file.path) }));
  if (within.every(({ name }) => !name.startsWith('../') && !path.isAbsolute(name))) return within;
  const directory = commonFolder(scan.files.map((file) => path.resolve(file.path)));
  return scan.files.map((file) => ({ file, name: pathWithin({ directory }, path.resolve(file.path)) }));
}

function commonFolder(files: readonly string[]): string {
  let folder = path.dirname(files[0] ?? '/');
  for (const file of files) while (!file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep)) folder = path.dirname(folder); // prettier-ignore
  return folder;
}

/** Overhead of an image, in bytes: the features of an example; headers, padding and description in a tar. */
const otherBytes: Readonly<Record<Container, number>> = { tfrecord: 200, webdataset: 2816 };

function divide(images: readonly NamedImage[], { shardMebibytes, resize, container }: PackingOptions): NamedImage[][] {
  const groups: NamedImage[][] = [];
  let bytes = Infinity;
  for (const image of images) {
    const size = estimatedBytes(image.file, resize) + otherBytes[container];
    if (bytes + size > shardMebibytes * 2 ** 20) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(image);
    bytes += size;
  }
  return groups;
}

/** A JPEG of quality 95 takes about half a byte per pixel. */
function estimatedBytes({ sizeBytes, width, height }: ImageFile, resize: number | null): number {
  const scale = resize === null ? 1 : resize / Math.min(width, height);
  return scale >= 1 ? sizeBytes : Math.min(sizeBytes, 0.5 * width * height * scale ** 2);
}

function digestOf(
  { classNames, isMultiLabel = false }: ImageScan,
  named: readonly NamedImage[],
  options: PackingOptions,
): string {
  // prettier-ignore
  const hash = createHash('sha256');
  const { container, seed, shardMebibytes, resize } = options;
  hash.update(JSON.stringify([container, seed, shardMebibytes, resize, classNames, isMultiLabel]));
  for (const { name, file } of named) {
    const { sizeBytes, checksum, subset = null } = file;
    hash.update(JSON.stringify([name, labelsOf(file), subset, sizeBytes, checksum]));
  }
  return hash.digest('hex');
}
