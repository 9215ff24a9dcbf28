import path from 'node:path';

import type { ImageFile } from '../image-file/inspect-image-file.js';
import type { DeepImages } from './deep-images.js';
import type { ImageProblem } from '../image-file/image-problem.js';

/** Images of a data set with their labels: from a folder with a folder per class, or from a list. */
export interface ImageScan {
  /** The directory that was scanned, or the folder of the list: paths of images within the data set are relative to it. */
  readonly directory: string;
  /** The list that names the images, or the shards that hold them; absent if folders do. */
  readonly list?: string;
  /** Whether an image may have several classes, or none; see `ImageFile.labels`. Default: false. */
  readonly isMultiLabel?: boolean;
  /** Names of the classes; an image's label is a position in this list. */
  readonly classNames: readonly string[];
  /** Images that can be used, sorted by code point of the path. */
  readonly files: readonly ImageFile[];
  /** Files that cannot, sorted the same way. */
  readonly problems: readonly ImageProblem[];
  /** Peculiarities that are not faults. */
  readonly notes: ScanNotes;
}

/** Findings that are not faults, but may not be what was meant. */
export interface ScanNotes {
  /** Paths of files directly in the directory, which belong to no class. */
  readonly strayFiles: readonly string[];
  /** Names of directories left out because `classNames` does not list them. */
  readonly unusedDirectories: readonly string[];
  /** Paths of links to directories that were read under another name already. */
  readonly repeatedDirectories: readonly string[];
  /** Sentences about parts of a list that were left out; absent without a list. */
  readonly ofList?: readonly string[];
  /** Brightness of the images with 16 bits per sample; absent if there are none. */
  readonly deepImages?: DeepImages;
}

/** A label, or several. */
export type Labeled = Pick<ImageFile, 'label' | 'labels'>;

/** The positions of an image's classes: one, or any number if an image may have several. */
export function labelsOf({ label, labels }: Labeled): readonly number[] {
  return labels ?? [label];
}

/** The names of an image's classes. */
export function classNamesOf(image: Labeled, classNames: readonly string[]): string[] {
  return labelsOf(image).map((label) => classNames[label] ?? '');
}

/** The path of an image within its data set's folder, with `/` between names. */
export function pathWithin({ directory }: Pick<ImageScan, 'directory'>, image: string): string {
  return path.relative(directory, image).replaceAll(path.sep, '/');
}

/** Writes the labels of n images as [n, classes] in C order: 1 for each class that an image has, otherwise 0. */
export function multiHot(images: readonly Labeled[], classes: number): Int32Array {
  const truth = new Int32Array(images.length * classes);
  for (const [i, image] of images.entries()) for (const label of labelsOf(image)) truth[i * classes + label] = 1;
  return truth;
}

/** The path by which people know a data set: that of the folder, the list or the shards. */
export function nameOfScan({ directory, list }: Pick<ImageScan, 'directory' | 'list'>): string {
  return list ?? directory;
}

/** The number of images of each class, by label. */
export function countClasses(images: readonly Labeled[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const image of images) for (const label of labelsOf(image)) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}
